using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Engine;

public sealed class SessionSweepServiceTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Loop_SweepsAgainAndAgainUntilItStops()
    {
        await using var host = new EngineHost(static options =>
        {
            // The clock jumps while handlers run.
            (options.SessionTimeout, options.HandlerTimeout) = (TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        });
        host.Record();
        using var service = new SessionSweepService(
            host.Sweeper,
            host.Engine.Directory,
            host.Get<IWorkScheduler>(),
            host.Time,
            host.Get<ILogger<SessionSweepService>>());
        await service.StartAsync(default);
        for (var round = 1; round <= 3; round++)
        {
            var entry = await host.StartAsync();
            for (var tries = 0; !entry.IsEnded && tries < 10_000; tries++)
            {
                host.Time.Advance(s_interval);
                await Task.Delay(1);
            }

            Assert.True(entry.IsEnded);
        }

        await service.StopAsync(default);
        var late = await host.StartAsync();
        host.Time.Advance(s_interval * 10);
        Assert.False(late.IsEnded);
        Assert.Empty(host.Log.Errors);
    }

    [Fact]
    public async Task Loop_APassThatFails_IsLoggedAndTheNextOneComes()
    {
        var failing = true;
        await using var host = new EngineHost(options => options.SessionTimeout = TimeSpan.FromSeconds(1));
        host.Events.ApplicationExit += (_, _) => { };
        var broken = new BrokenDirectory(host.Time, () => failing);
        var sweeper = new SessionSweeper(
            new SessionEngine(
                broken,
                host.Get<TabSessions>(),
                Options.Create(new SessionLifetimeOptions()),
                host.Get<SessionEventDispatcher>(),
                host.Get<SessionEndings>(),
                host.Get<SessionMetrics>(),
                host.Get<TimingsInForce>(),
                host.Time,
                host.Get<ILogger<SessionEngine>>()),
            host.Get<SessionMetrics>(),
            host.Get<SweepHeartbeat>(),
            host.Time,
            host.Get<ILogger<SessionSweeper>>());
        using var service = new SessionSweepService(
            sweeper,
            broken,
            host.Get<IWorkScheduler>(),
            host.Time,
            host.Get<ILogger<SessionSweepService>>());
        await service.StartAsync(default);
        await AdvanceUntilAsync(() => host.Log.Errors.Any());
        failing = false;
        var before = broken.Takes;
        await AdvanceUntilAsync(() => broken.Takes > before);

        await service.StopAsync(default);
        Assert.Contains(host.Log.Errors, line => line.Text.StartsWith("The sweep failed", StringComparison.Ordinal));

        async Task AdvanceUntilAsync(Func<bool> condition)
        {
            for (var tries = 0; !condition() && tries < 10_000; tries++)
            {
                host.Time.Advance(s_interval);
                await Task.Delay(1);
            }

            Assert.True(condition());
        }
    }

    /// <summary>A directory whose due index breaks down now and then.</summary>
    private sealed class BrokenDirectory(TimeProvider time, Func<bool> isBroken) : SessionDirectory(
        new SessionClock(time),
        new SessionDirectoryLimits { SweepInterval = s_interval, MaxSessions = 1, MaxEndedSessions = 1, EndedSessionRetention = s_interval })
    {
        public int Takes { get; private set; }

        public override ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken)
        {
            Takes++;
            return isBroken() ? throw new InvalidOperationException("broken") : base.TakeDueAsync(due, now, cancellationToken);
        }
    }
}
