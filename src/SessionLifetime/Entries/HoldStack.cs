namespace SessionLifetime.Entries;

/// <summary>
/// The requests of one kind that hold a session's clocks, the newest first. An <see cref="IntrusiveList{T}"/> would keep its end and its count,
/// too: 16 bytes more for every session. A field, never copied; guarded by its entry's gate.
/// </summary>
internal struct HoldStack
{
    /// <summary>The newest; null when there is none.</summary>
    public RequestHold? First { get; private set; }

    public void AddFirst(RequestHold added)
    {
        added.Next = First;
        if (First is { } first)
        {
            first.Previous = added;
        }

        First = added;
        added.IsLinked = true;
    }

    /// <summary>Takes a hold out. False when it is not in.</summary>
    public bool Remove(RequestHold removed)
    {
        if (!removed.IsLinked)
        {
            return false;
        }

        if (removed.Previous is { } previous)
        {
            previous.Next = removed.Next;
        }
        else
        {
            First = removed.Next;
        }

        if (removed.Next is { } next)
        {
            next.Previous = removed.Previous;
        }

        (removed.Next, removed.Previous) = (null, null);
        removed.IsLinked = false;
        return true;
    }
}
