namespace SessionLifetime.Tests.Fakes;

/// <summary>A clock that stands still until a test moves it. Timers fire inside <see cref="Advance"/>, in order, each at its own moment.</summary>
/// <remarks>
/// That of <c>Microsoft.Extensions.TimeProvider.Testing</c> (10.11) does not serve: its timers all see the moment at which an advance ends,
/// its wall clock cannot be moved without the timestamp, and what waits on it cannot be counted.
/// </remarks>
public sealed class FakeTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<FakeTimer> _timers = [];
    private long _ticks;
    private DateTimeOffset _wall = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
        {
            return _wall;
        }
    }

    /// <summary>Changes the wall clock only, as an administrator or a daylight-saving bug does.</summary>
    public void MoveWallClock(TimeSpan by)
    {
        lock (_lock)
        {
            _wall += by;
        }
    }

    public void Advance(TimeSpan by)
    {
        var target = GetTimestamp() + by.Ticks;
        while (true)
        {
            FakeTimer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.DueAt <= target).MinBy(timer => timer.DueAt);
                var moment = next is null ? target : Math.Max(next.DueAt, _ticks);
                _wall += new TimeSpan(moment - _ticks);
                Volatile.Write(ref _ticks, moment);
                next?.Rearm();
            }

            if (next is null)
            {
                return;
            }

            next.Fire();
        }
    }

    /// <summary>How many timers would fire if the clock moved that far: a test waits so for code that is about to wait.</summary>
    public int CountDueWithin(TimeSpan by)
    {
        lock (_lock)
        {
            return _timers.Count(timer => timer.DueAt <= _ticks + by.Ticks);
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class FakeTimer(FakeTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public long DueAt { get; private set; } = long.MaxValue;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                owner._timers.Remove(this);
                _period = period;
                if (dueTime == Timeout.InfiniteTimeSpan)
                {
                    DueAt = long.MaxValue;
                    return true;
                }

                DueAt = owner._ticks + dueTime.Ticks;
                owner._timers.Add(this);
                return true;
            }
        }

        public void Rearm()
        {
            if (_period == Timeout.InfiniteTimeSpan || _period == TimeSpan.Zero)
            {
                owner._timers.Remove(this);
                DueAt = long.MaxValue;
            }
            else
            {
                DueAt += _period.Ticks;
            }
        }

        public void Fire() => callback(state);

        public void Dispose()
        {
            lock (owner._lock)
            {
                owner._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }
    }
}
