namespace SessionLifetime;

/// <summary>
/// Sees to it that no handler call runs past its time limit, also one that blocks its thread. Calls stand in a list in the order they
/// started; as all have the same limit, the head is always the next to be late, and one timer, armed only while there is something to
/// watch, is enough for any number of calls.
/// </summary>
internal sealed class HandlerWatch(TimeProvider time, TimeSpan limit) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly LinkedList<WatchedCall> _running = new();
    private ITimer? _timer;
    private bool _isArmed;

    public TimeSpan Limit => limit;

    public void Begin(WatchedCall call)
    {
        call.StartedAt = time.GetTimestamp();
        lock (_lock)
        {
            call.Node = _running.AddLast(call);
            if (!_isArmed)
            {
                Arm(limit);
            }
        }
    }

    /// <summary>The call is over. Returns how long it ran.</summary>
    public TimeSpan End(WatchedCall call)
    {
        lock (_lock)
        {
            Remove(call);
        }

        return time.GetElapsedTime(call.StartedAt);
    }

    public void Dispose() => _timer?.Dispose();

    private void Remove(WatchedCall call)
    {
        if (call.Node is { } node)
        {
            _running.Remove(node);
            call.Node = null;
        }
    }

    private void Arm(TimeSpan after)
    {
        _isArmed = true;
        _timer ??= time.CreateTimer(static state => ((HandlerWatch)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(after, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        var late = new List<WatchedCall>();
        lock (_lock)
        {
            _isArmed = false;
            while (_running.First is { } first)
            {
                var left = limit - time.GetElapsedTime(first.Value.StartedAt);
                if (left > TimeSpan.Zero)
                {
                    Arm(left);
                    break;
                }

                late.Add(first.Value);
                Remove(first.Value);
            }
        }

        // All go on before any is logged or told: that may take its time.
        var abandoned = late.FindAll(static call => call.Queue.TryAbandon(call));
        foreach (var call in abandoned)
        {
            call.Queue.ReportAbandoned(call);
        }
    }
}
