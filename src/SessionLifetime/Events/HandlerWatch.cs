namespace SessionLifetime.Events;

/// <summary>
/// Sees to it that no handler call runs past its time limit, also one that blocks its thread. Calls stand in a list in the order they
/// started; as all have the same limit, the first is always the next to be late, and one timer, armed only while there is something to
/// watch, is enough for any number of calls.
/// </summary>
internal sealed class HandlerWatch(TimeProvider time, TimeSpan limit) : IDisposable
{
    private readonly Lock _lock = new();
    private HandlerInvocation? _first;
    private HandlerInvocation? _last;
    private ITimer? _timer;
    private bool _isArmed;

    public TimeSpan Limit => limit;

    public void Begin(HandlerInvocation call)
    {
        call.StartedAt = time.GetTimestamp();
        lock (_lock)
        {
            Add(call);
            if (!_isArmed)
            {
                Arm(limit);
            }
        }
    }

    /// <summary>The call is over.</summary>
    public void End(HandlerInvocation call)
    {
        lock (_lock)
        {
            Remove(call);
        }
    }

    /// <summary>How long a call has been running.</summary>
    public TimeSpan Elapsed(HandlerInvocation call) => time.GetElapsedTime(call.StartedAt);

    public void Dispose() => _timer?.Dispose();

    private void Add(HandlerInvocation call)
    {
        call.Earlier = _last;
        (_last is null ? ref _first : ref _last.Later) = call;
        _last = call;
    }

    private void Remove(HandlerInvocation call)
    {
        if (call.Earlier is null && call != _first)
        {
            return;
        }

        (call.Earlier is null ? ref _first : ref call.Earlier.Later) = call.Later;
        (call.Later is null ? ref _last : ref call.Later.Earlier) = call.Earlier;
        (call.Earlier, call.Later) = (null, null);
    }

    private void Arm(TimeSpan after)
    {
        _isArmed = true;
        _timer ??= time.CreateTimer(static state => ((HandlerWatch)state!).Look(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _timer.Change(after, Timeout.InfiniteTimeSpan);
    }

    private void Look()
    {
        var late = new List<HandlerInvocation>();
        lock (_lock)
        {
            _isArmed = false;
            while (_first is { } first)
            {
                var left = limit - Elapsed(first);
                if (left > TimeSpan.Zero)
                {
                    Arm(left);
                    break;
                }

                late.Add(first);
                Remove(first);
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
