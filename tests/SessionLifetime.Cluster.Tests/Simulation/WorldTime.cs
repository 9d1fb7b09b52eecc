namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>The clocks of one node: its monotonic clock drifts, its wall clock is wrong.</summary>
/// <param name="context">Where its timers fire.</param>
/// <param name="drift">How fast its clock runs: 1 for a true one.</param>
/// <param name="skew">How far its wall clock is off.</param>
internal sealed class WorldTime(WorldContext context, double drift = 1, TimeSpan skew = default) : TimeProvider
{
    private static readonly DateTimeOffset s_begin = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => (long)(context.World.Now.Ticks * drift) + TimeSpan.TicksPerDay;

    public override DateTimeOffset GetUtcNow() => s_begin + skew + new TimeSpan((long)(context.World.Now.Ticks * drift));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new WorldTimer(context, drift, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class WorldTimer(WorldContext context, double drift, TimerCallback callback, object? state) : ITimer
    {
        private int _generation;
        private TimeSpan _period;

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            _period = period;
            Start(dueTime, ++_generation);
            return true;
        }

        public void Dispose() => _generation++;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return default;
        }

        private void Start(TimeSpan after, int generation)
        {
            if (after == Timeout.InfiniteTimeSpan || context.IsKilled)
            {
                return;
            }

            context.World.After(after / drift, () =>
            {
                if (generation != _generation)
                {
                    return;
                }

                context.Fire(_ => Fire(generation), null);
            });
        }

        private void Fire(int generation)
        {
            if (generation != _generation)
            {
                return;
            }

            if (_period != Timeout.InfiniteTimeSpan && _period > TimeSpan.Zero)
            {
                Start(_period, generation);
            }

            callback(state);
        }
    }
}
