using SessionLifetime.Policy;
using static SessionLifetime.Tests.Policy.Sample;

namespace SessionLifetime.Tests.Policy;

public sealed class SessionStatusTests
{
    [Fact]
    public void Of_Active_TellsTheNextTimeoutAndTheEnd()
    {
        var status = SessionStatus.Of(Session(activity: 5), Timings(), At(10));

        Assert.Equal(
            (SessionState.Active, null, true, 15, 35, SessionEndReason.SignalLost),
            (status.State, status.Countdown, status.IsExtendable, status.TimeoutIn!.Value.TotalSeconds, status.EndsIn!.Value.TotalSeconds, status.EndsBy));
    }

    [Fact]
    public void Of_TimedOut_CountsDown()
    {
        var status = SessionStatus.Of(Session(signal: 25).TimedOut(20), Timings(), At(30));

        Assert.Equal(TimeSpan.FromSeconds(10), status.Countdown);
        Assert.True(status.IsExtendable);
        Assert.Null(status.TimeoutIn);
        Assert.Equal(SessionEndReason.IdleTimeout, status.EndsBy);
    }

    [Fact]
    public void Of_HandlersAreAsked_ShowsNoCountdown()
    {
        var status = SessionStatus.Of(Session().Asked(20), Timings(absolute: 25), At(21));

        Assert.Equal((SessionState.TimedOut, null), (status.State, status.Countdown));
    }

    [Theory]
    [InlineData(70, 20 / 3.0)]
    [InlineData(75, 5)]
    [InlineData(79.9, 1)]
    [InlineData(80, 20 / 3.0)]
    public void Of_BeforeTheWarningOfTheAbsoluteEnd_HasThePageAskWhenItBegins(double now, double pingEvery)
    {
        var status = SessionStatus.Of(Session(activity: 65, signal: 65), Timings(absolute: 100), At(now));

        Assert.Equal(pingEvery, status.PingEvery.TotalSeconds, 3);
    }

    [Theory]
    [InlineData(79.9, false)]
    [InlineData(80, true)]
    public void Of_BeforeTheAbsoluteEnd_WarnsTwentySecondsAheadAndCannotBeExtended(double now, bool warns)
    {
        var status = SessionStatus.Of(Session(activity: now), Timings(timeout: 10, absolute: 100), At(now));

        Assert.Equal(warns, status.Countdown is not null);
        Assert.Equal(!warns, status.IsExtendable);
    }

    [Fact]
    public void Of_CountdownAndAbsoluteWarningAtOnce_ShowsWhatComesFirst()
    {
        var session = Session(signal: 75).TimedOut(60);

        var idleFirst = SessionStatus.Of(session, Timings(timeout: 60, countdown: 30, absolute: 100), At(80));
        Assert.Equal((10, true), (idleFirst.Countdown!.Value.TotalSeconds, idleFirst.IsExtendable));

        var absoluteFirst = SessionStatus.Of(session, Timings(timeout: 60, countdown: 30, absolute: 85), At(80));
        Assert.Equal((5, false), (absoluteFirst.Countdown!.Value.TotalSeconds, absoluteFirst.IsExtendable));
        Assert.Equal(SessionEndReason.AbsoluteTimeout, absoluteFirst.EndsBy);
    }

    [Fact]
    public void Of_Never_IsNull()
    {
        var status = SessionStatus.Of(Session(), Timings(timeout: 0), At(1000));

        Assert.Equal((null, null, null), (status.TimeoutIn, status.EndsIn, status.EndsBy));
    }

    [Fact]
    public void Of_SelfDestructArmed_EndsBySelfDestruct()
    {
        var session = Session();
        session.SelfDestructAt = At(5);

        var status = SessionStatus.Of(session, Timings(), At(1));
        Assert.Equal((4, SessionEndReason.SelfDestructed), (status.EndsIn!.Value.TotalSeconds, status.EndsBy));
    }
}
