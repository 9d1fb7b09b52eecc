using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;
using SessionLifetime.Tests.Scheduling;

namespace SessionLifetime.Tests.Engine;

/// <summary>
/// What runs beside requests, under a scheduler with one thread that fails on work of any other: it starts and continues there only, so
/// that a history repeats.
/// </summary>
public sealed class SeededServicesTests
{
    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    [Fact]
    public void SweepLoop_RunsOnTheSchedulerUntilItsStop() => Simulate(static async (host, scheduler) =>
    {
        using var service = new SessionSweepService(
            host.Sweeper,
            host.Engine.Directory,
            scheduler,
            host.Time,
            host.Get<ILogger<SessionSweepService>>());
        await service.StartAsync(default);
        var sweeps = new List<int>();
        for (var round = 0; round < 4; round++)
        {
            scheduler.Drain();
            host.Time.Advance(s_interval);
            scheduler.Drain();
            sweeps.Add(host.Log.Lines.Count(static line => line.Category.EndsWith(nameof(SessionSweeper), StringComparison.Ordinal)));
        }

        // The first one is due at a random moment within the first interval, the next one an interval after that.
        Assert.Equal([1, 2, 3, 4], sweeps);
        await service.StopAsync(default);
        host.Time.Advance(s_interval * 10);
        scheduler.Drain();
        Assert.Equal(4, host.Log.Lines.Count(static line => line.Category.EndsWith(nameof(SessionSweeper), StringComparison.Ordinal)));
    });

    [Fact]
    public void Connections_AreClosedAndCutOffOnTheScheduler() => Simulate(static async (host, scheduler) =>
    {
        var session = host.Engine.TabSessionOf(await host.StartAsync());
        var connection = new Connection();
        Assert.True(session.Connections.TryAdd(connection));
        await session.ExitAsync();
        scheduler.Drain();
        Assert.Equal(["close"], connection.Heard);

        host.Time.Advance(TimeSpan.FromSeconds(2));
        await host.Get<ConnectionCloser>().Open.WhenNoneAsync();

        Assert.Equal(["close", "abort"], connection.Heard);
    });

    [Fact]
    public void Shutdown_EndsEverySessionOnTheScheduler() => Simulate(static async (host, scheduler) =>
    {
        host.Record();
        var shutdown = new SessionShutdownService(
            host.Engine,
            host.Get<AllSessions>(),
            host.Get<SessionDisposer>(),
            host.Get<SessionLeave>(),
            host.Get<ConnectionCloser>(),
            host.Get<IHostApplicationLifetime>(),
            host.Get<IOptions<SessionLifetimeOptions>>(),
            scheduler,
            host.Time,
            host.Get<ILogger<SessionShutdownService>>());
        await shutdown.StartAsync(default);
        for (var number = 0; number < 20; number++)
        {
            await host.StartAsync();
        }

        host.Get<IHostApplicationLifetime>().StopApplication();
        await shutdown.StopAsync(default);

        Assert.Equal(0, host.Sessions.Count);
        Assert.Equal(20, host.Heard.Count(static line => line == "ApplicationExit HostStopping"));
    });

    /// <summary>Runs a simulation twice: it must take the same steps.</summary>
    private static void Simulate(Func<EngineHost, SeededScheduler, Task> simulation)
    {
        var histories = new List<List<(int Chosen, int Of)>>();
        for (var run = 0; run < 2; run++)
        {
            var scheduler = new SeededScheduler(seed: 1);
            scheduler.Simulate(async () =>
            {
                await using var host = new EngineHost(seeded: scheduler);
                await simulation(host, scheduler);
                Assert.Empty(host.Log.Errors);
            });
            histories.Add(scheduler.Choices);
        }

        Assert.NotEmpty(histories[0]);
        Assert.Equal(histories[0], histories[1]);
    }

    private sealed class Connection : SessionConnection
    {
        public List<string> Heard { get; } = [];

        public override void Close(SessionEndReason? reason) => Heard.Add("close");

        public override void Abort() => Heard.Add("abort");
    }
}
