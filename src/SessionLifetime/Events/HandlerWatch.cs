namespace SessionLifetime;

/// <summary>
/// Sees to it that no handler call runs past its time limit, also one that blocks its thread. Calls stand in a list in the order they
/// started; as all have the same limit, the head is always the next to be late, and one timer, armed only while there is something to
/// watch, is enough for any number of calls.
/// </summary>
internal sealed class HandlerWatch(TimeProvider time, TimeSpan limit) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly LinkedList<(SessionEventQueue Queue, int Turn, long StartedAt)> _running = new();
    private ITimer? _timer;
    private bool _isArmed;

    public TimeSpan Limit => limit;

    public LinkedListNode<(SessionEventQueue Queue, int Turn, long StartedAt)> Begin(SessionEventQueue queue, int turn)
    {
        var startedAt = time.GetTimestamp();
        lock (_lock)
        {
            var node = _running.AddLast((queue, turn, startedAt));
            if (!_isArmed)
            {
                _isArmed = true;
                Arm(limit);
            }

            return node;
        }
    }

    /// <summary>The call is over. Returns how long it ran.</summary>
    public TimeSpan End(LinkedListNode<(SessionEventQueue Queue, int Turn, long StartedAt)> node)
    {
        lock (_lock)
        {
            if (node.List is not null)
            {
                _running.Remove(node);
            }
        }

        return time.GetElapsedTime(node.Value.StartedAt);
    }

    public void Dispose() => _timer?.Dispose();

    private void Arm(TimeSpan after)
    {
        if (_timer is null)
        {
            _timer = time.CreateTimer(static state => ((HandlerWatch)state!).Look(), this, after, Timeout.InfiniteTimeSpan);
        }
        else
        {
            _timer.Change(after, Timeout.InfiniteTimeSpan);
        }
    }

    private void Look()
    {
        List<(SessionEventQueue Queue, int Turn, long StartedAt)>? late = null;
        lock (_lock)
        {
            _isArmed = false;
            while (_running.First is { } first)
            {
                var left = limit - time.GetElapsedTime(first.Value.StartedAt);
                if (left > TimeSpan.Zero)
                {
                    _isArmed = true;
                    Arm(left);
                    break;
                }

                (late ??= []).Add(first.Value);
                _running.RemoveFirst();
            }
        }

        foreach (var call in late ?? [])
        {
            call.Queue.Abandon(call.Turn);
        }
    }
}
