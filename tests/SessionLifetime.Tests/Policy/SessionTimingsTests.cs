using SessionLifetime.Policy;
using static SessionLifetime.Tests.Policy.Sample;

namespace SessionLifetime.Tests.Policy;

public sealed class SessionTimingsTests
{
    [Theory]
    [InlineData(1200, null, null, 1200, 2400)]
    [InlineData(180, 600.0, null, 600, 780)]
    [InlineData(180, 60.0, null, 60, 360)]
    [InlineData(180, 60.0, 45.0, 60, 45)]
    [InlineData(0.5, null, null, 0.5, 1)]
    public void Defaults_FollowTheTimeout(double timeout, double? countdown, double? signal, double expectedCountdown, double expectedSignal)
    {
        var timings = Timings(timeout, countdown, signal);

        Assert.Equal(TimeSpan.FromSeconds(expectedCountdown), timings.Countdown);
        Assert.Equal(TimeSpan.FromSeconds(expectedSignal), timings.Signal);
        Assert.Equal(SessionTimings.Never, timings.Absolute);
    }

    [Fact]
    public void Defaults_TimeoutNever_NothingEndsBySilence()
    {
        var timings = Timings(timeout: 0);

        Assert.Equal(SessionTimings.Never, timings.SessionTimeout);
        Assert.Equal(SessionTimings.Never, timings.Signal);
        Assert.Equal(TimeSpan.FromSeconds(20), timings.AbsoluteWarning);
        Assert.Equal(TimeSpan.FromSeconds(60), timings.KeepAlive);
    }

    [Theory]
    [InlineData(1200, null, 60)]
    [InlineData(90, null, 30)]
    [InlineData(90, 60.0, 20)]
    [InlineData(2, null, 1)]
    [InlineData(0.3, null, 0.25)]
    [InlineData(1.2, null, 0.4)]
    [InlineData(0, 30.0, 10)]
    public void KeepAlive_Default_IsAThirdOfWhatMustNotPass(double timeout, double? signal, double expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), Timings(timeout, signal: signal).KeepAlive);

    [Fact]
    public void KeepAlive_Set_IsTakenAsItIs() => Assert.Equal(TimeSpan.FromSeconds(0.1), Timings(keepAlive: 0.1).KeepAlive);

    [Fact]
    public void Overrides_WinAndUnsetOnesFollowTheSessionsOwnTimeout()
    {
        var options = new SessionLifetimeOptions { SessionTimeout = TimeSpan.FromMinutes(20) };
        var own = TimeoutOverrides.None with { SessionTimeout = TimeSpan.FromMinutes(1) };

        var timings = SessionTimings.Of(options, own);
        Assert.Equal((1, 1, 2), (timings.SessionTimeout.TotalMinutes, timings.Countdown.TotalMinutes, timings.Signal.TotalMinutes));

        timings = SessionTimings.Of(options, own with { CountdownDuration = TimeSpan.FromMinutes(5) });
        Assert.Equal((1, 5, 6), (timings.SessionTimeout.TotalMinutes, timings.Countdown.TotalMinutes, timings.Signal.TotalMinutes));

        options.CountdownDuration = TimeSpan.FromMinutes(3);
        timings = SessionTimings.Of(options, own);
        Assert.Equal((3, 4), (timings.Countdown.TotalMinutes, timings.Signal.TotalMinutes));
    }
}
