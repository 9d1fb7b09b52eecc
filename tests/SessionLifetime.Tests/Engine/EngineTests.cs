using SessionLifetime.Engine;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Engine;

public sealed class EngineTests
{
    [Fact]
    public async Task WallClockMovedADay_MovesNoDeadline()
    {
        await using var host = new EngineHost(options => options.SessionTimeout = TimeSpan.FromMinutes(1));
        var entry = await host.StartAsync();
        var before = host.Engine.StatusOf(entry);

        host.Time.MoveWallClock(TimeSpan.FromDays(1));
        Assert.Equal(before, host.Engine.StatusOf(entry));
        host.Time.MoveWallClock(TimeSpan.FromDays(-2));
        Assert.Equal(before, host.Engine.StatusOf(entry));
        Assert.Equal(DueRulesResult.Alive, await host.Engine.ApplyDueRulesAsync(entry));
    }

    [Fact]
    public async Task Overrides_AtRunTime_AreThisSessionsOnly_AndNullFollowsTheOptionsAgain()
    {
        await using var host = new EngineHost(options => options.SessionTimeout = TimeSpan.FromMinutes(20));
        var session = host.Engine.TabSessionOf(await host.StartAsync());
        var other = host.Engine.TabSessionOf(await host.StartAsync());

        session.SessionTimeout = TimeSpan.FromMinutes(1);
        session.AbsoluteTimeout = TimeSpan.FromMinutes(5);
        Assert.Equal(TimeSpan.FromMinutes(1), session.CountdownDuration);
        Assert.Equal(TimeSpan.FromMinutes(2), session.SignalTimeout);
        Assert.Equal(TimeSpan.FromMinutes(20), other.SessionTimeout);
        Assert.Null(other.AbsoluteTimeout);

        host.Time.Advance(TimeSpan.FromMinutes(1));
        await host.Sweeper.SweepAsync();
        Assert.Equal((SessionState.TimedOut, SessionState.Active), (session.State, other.State));

        // A longer timeout than the idle time makes it active again.
        session.SessionTimeout = null;
        session.AbsoluteTimeout = null;
        Assert.Equal(SessionState.Active, session.State);
        Assert.Equal(TimeSpan.FromMinutes(40), session.SignalTimeout);
        session.SessionTimeout = TimeSpan.Zero;
        Assert.Equal((TimeSpan.Zero, null), (session.SessionTimeout, session.SignalTimeout));
    }

    [Fact]
    public async Task Overrides_Impossible_AreRefused()
    {
        await using var host = new EngineHost();
        var session = host.Engine.TabSessionOf(await host.StartAsync());

        Assert.Throws<ArgumentOutOfRangeException>(() => session.SessionTimeout = TimeSpan.FromTicks(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => session.CountdownDuration = TimeSpan.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.SignalTimeout = TimeSpan.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.AbsoluteTimeout = TimeSpan.Zero);
        Assert.Throws<ArgumentOutOfRangeException>(() => session.SelfDestruct(TimeSpan.FromTicks(-1)));
    }

    [Fact]
    public async Task Sweep_LooksOnlyAtWhatMayBeDue()
    {
        await using var host = new EngineHost(options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(20);
            options.SweepInterval = TimeSpan.FromMinutes(1);
        });
        for (var i = 0; i < 1000; i++)
        {
            await host.StartAsync();
        }

        host.Time.Advance(TimeSpan.FromMinutes(10));
        for (var i = 0; i < 10; i++)
        {
            await host.StartAsync();
        }

        Assert.Equal(0, await host.Sweeper.SweepAsync());
        host.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(0, await host.Sweeper.SweepAsync());
        host.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1000, await host.Sweeper.SweepAsync());
        Assert.Equal(0, await host.Sweeper.SweepAsync());
    }

    [Fact]
    public async Task Touch_Plain_AllocatesNothing()
    {
        await using var host = new EngineHost();
        var entry = await host.StartAsync();
        var now = host.Engine.Directory.Now;
        Assert.True(entry.TryTouch(now, isActivity: true));
        Assert.True(host.Engine.Directory.TryGet(entry.Secret, out _));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 10_000; i++)
        {
            entry.TryTouch(new Moment(now.Ticks + i), isActivity: true);
            host.Engine.Directory.TryGet(entry.Secret, out _);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task TwoMonthsAsleep_TheFirstLookEndsIt()
    {
        await using var host = new EngineHost();
        host.Record();
        var entry = await host.StartAsync();
        host.Time.Advance(TimeSpan.FromDays(60));

        Assert.Equal(DueRulesResult.Ended, await host.Engine.ApplyDueRulesAndWaitAsync(entry));
        await host.SettleAsync(entry);
        Assert.Equal(["SessionStarted", "SessionTimeout 1", "ApplicationExit SignalLost"], host.Heard);
    }

    [Fact]
    public async Task SelfDestruct_SecondReplacesTheFirst_AndCancelDisarms()
    {
        await using var host = new EngineHost();
        var session = host.Engine.TabSessionOf(await host.StartAsync());
        session.SelfDestruct(TimeSpan.FromSeconds(5));
        session.SelfDestruct(TimeSpan.FromSeconds(50));
        host.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(DueRulesResult.Alive, await host.Engine.ApplyDueRulesAsync(session.Entry));

        session.CancelSelfDestruct();
        host.Time.Advance(TimeSpan.FromSeconds(60));
        Assert.Equal(DueRulesResult.Alive, await host.Engine.ApplyDueRulesAsync(session.Entry));
    }

    [Fact]
    public async Task TabSession_TellsTheTimeInUtc()
    {
        await using var host = new EngineHost();
        var started = host.Time.GetUtcNow();
        var session = host.Engine.TabSessionOf(await host.StartAsync());
        host.Time.Advance(TimeSpan.FromMinutes(3));
        session.MarkActivity();

        Assert.Equal((started, started + TimeSpan.FromMinutes(3)), (session.StartedAt, session.LastActivity));
        Assert.Equal(session.Id, session.ToString());
        Assert.Equal(1, session.OpenPages);
    }
}
