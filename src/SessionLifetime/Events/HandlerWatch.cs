using SessionLifetime.Entries;

namespace SessionLifetime.Events;

/// <summary>
/// Sees to it that no handler call runs past its time limit, also one that blocks its thread. Calls stand in a list in the order they
/// started; as all have the same limit, the first is always the next to be late, and one timer, armed only while there is something to
/// watch, is enough for any number of calls.
/// </summary>
internal sealed class HandlerWatch(TimeProvider time, TimeSpan limit) : IDisposable
{
    private readonly Lock _lock = new();
    private IntrusiveList<WatchedCall> _running;
    private ITimer? _timer;
    private bool _isArmed;

    public TimeSpan Limit => limit;

    public void Begin(WatchedCall call)
    {
        call.StartedAt = time.GetTimestamp();
        lock (_lock)
        {
            _running.AddLast(call);
            if (!_isArmed)
            {
                Arm(limit);
            }
        }
    }

    /// <summary>The call is over.</summary>
    public void End(WatchedCall call)
    {
        lock (_lock)
        {
            _running.Remove(call);
        }
    }

    /// <summary>How long a call has been running.</summary>
    public TimeSpan Elapsed(WatchedCall call) => time.GetElapsedTime(call.StartedAt);

    public void Dispose() => _timer?.Dispose();

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
                var left = limit - Elapsed(first);
                if (left > TimeSpan.Zero)
                {
                    Arm(left);
                    break;
                }

                late.Add(first);
                _running.Remove(first);
            }
        }

        // All go on before any is logged or told: that may take its time.
        var abandoned = late.FindAll(static call => call.TryAbandon());
        foreach (var call in abandoned)
        {
            call.ReportAbandoned();
        }
    }
}
