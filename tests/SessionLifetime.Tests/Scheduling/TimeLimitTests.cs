using SessionLifetime.Scheduling;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Scheduling;

public sealed class TimeLimitTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider _time = new();
    private long _running;

    [Fact]
    public void Passed_WithoutAClock_CountsAllTime()
    {
        using var limit = new TimeLimit(s_limit, _time);
        _time.Advance(s_limit - TimeSpan.FromTicks(1));
        Assert.False(limit.HasPassed);

        _time.Advance(TimeSpan.FromTicks(1));
        Assert.True(limit.HasPassed);
    }

    [Fact]
    public void Passed_WithAClock_CountsTheTimeInWhichTheProcessRan()
    {
        using var limit = new TimeLimit(s_limit, _time, new ProcessClock(new SessionClock(_time, () => _running)));
        Pass(TimeSpan.FromSeconds(4));

        // Stopped for an hour.
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(limit.HasPassed);

        Pass(TimeSpan.FromSeconds(5));
        Assert.False(limit.HasPassed);
        _running += 1_000;
        _time.Advance(s_limit);
        Assert.True(limit.HasPassed);
    }

    /// <summary>Time passes for the process and for the clock on the wall.</summary>
    private void Pass(TimeSpan time)
    {
        _running += (long)time.TotalMilliseconds;
        _time.Advance(time);
    }
}
