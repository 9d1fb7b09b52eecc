namespace SessionLifetime.Events;

/// <summary>Events in order, each its own node. A field, never copied; guarded by whoever has it.</summary>
internal struct EventChain
{
    private SessionEvent? _last;

    public SessionEvent? First { get; private set; }

    public int Count { get; private set; }

    public void AddLast(SessionEvent added)
    {
        if (_last is null)
        {
            First = added;
        }
        else
        {
            _last.Next = added;
        }

        _last = added;
        Count++;
    }

    public void RemoveFirst() => Remove(First!);

    /// <summary>Takes an event out; nothing when it is not in.</summary>
    public void Remove(SessionEvent removed)
    {
        SessionEvent? before = null;
        for (var one = First; one is not null; (before, one) = (one, one.Next))
        {
            if (one == removed)
            {
                if (before is null)
                {
                    First = one.Next;
                }
                else
                {
                    before.Next = one.Next;
                }

                _last = _last == one ? before : _last;
                one.Next = null;
                Count--;
                return;
            }
        }
    }

    public readonly IEnumerable<SessionEvent> All()
    {
        for (var one = First; one is not null; one = one.Next)
        {
            yield return one;
        }
    }
}
