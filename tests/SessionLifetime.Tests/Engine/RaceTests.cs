using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Engine;

/// <summary>
/// Races on real threads, many rounds each: two or more parties meet at a barrier and go for the same session at once. Whoever wins,
/// there is one end, one exit event, and nobody is told "alive" by a session that was already over.
/// </summary>
public sealed class RaceTests
{
    private const int Rounds = 3000;

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task TouchAgainstSweep_AtTheDeadline_AliveMeansItLives()
    {
        await using var host = Host();
        var random = new Random(4711);
        var alive = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var entry = await host.StartAsync();
            host.Time.Advance(s_timeout * 2 - TimeSpan.FromTicks(1));
            var touched = false;

            // One side starts a little later, each in its turn: whoever wakes first does not always win.
            var (touchLate, sweepLate) = round % 2 == 0 ? (0, random.Next(10_000)) : (random.Next(1000), 0);
            await TogetherAsync(
                async () =>
                {
                    Thread.SpinWait(touchLate);
                    touched = await host.Engine.TryCountAsync(entry, SignalReport.Activity);
                },
                async () =>
                {
                    Thread.SpinWait(sweepLate);
                    host.Time.Advance(TimeSpan.FromTicks(1));
                    await host.Sweeper.SweepAsync();
                });
            await host.SettleAsync(entry);

            Assert.Equal(touched, entry.Read().State != SessionState.Ended);
            alive += touched ? 1 : 0;
            await host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        }

        // Each side won now and then, or it was no race.
        Assert.InRange(alive, Rounds / 100, Rounds - (Rounds / 100));
        AssertOneExitEach(host);
    }

    [Fact]
    public async Task FastTouchAgainstExit_ATouchToldAliveCameBeforeTheEnd()
    {
        await using var host = Host();
        for (var round = 0; round < Rounds; round++)
        {
            var entry = await host.StartAsync();
            var now = host.Engine.Directory.Now;
            var endedBeforeTouch = false;
            var touched = false;
            await TogetherAsync(
                () =>
                {
                    endedBeforeTouch = entry.Read().State == SessionState.Ended;
                    touched = entry.TryTouch(now, isActivity: true);
                    return Task.CompletedTask;
                },
                async () => await host.Engine.TryEndAsync(entry, SessionEndReason.Exited));

            await host.SettleAsync(entry);

            Assert.False(endedBeforeTouch && touched);
            Assert.False(entry.TryTouch(now, isActivity: true));
        }

        AssertOneExitEach(host);
    }

    /// <summary>
    /// The promise of the lock-free touch: while one thread touches as fast as it can and moves the clock, another looks and sweeps all
    /// the time. A touch told "alive" at a moment is never followed by an end that had a right to come before that moment plus S.
    /// </summary>
    [Fact]
    public async Task FastTouchAgainstLook_NoEndIgnoresATouch()
    {
        const int Games = 300;
        var (touches, ends) = (0, 0);
        for (var round = 0; round < Games; round++)
        {
            var time = new SteppingTimeProvider();
            await using var host = new EngineHost(Configure, time: time);
            var entry = await host.StartAsync();
            var lastAlive = host.Engine.Directory.Now;
            var endedAt = Moment.Never;
            await TogetherAsync(
                () =>
                {
                    for (var i = 0; i < 400; i++)
                    {
                        // Now and then so long that the session is over, mostly just short of it.
                        time.Step(i % 97 == 96 ? s_timeout * 2.1 : s_timeout * 0.9999);
                        var now = host.Engine.Directory.Now;
                        if (!entry.TryTouch(now, isActivity: true) && !host.Engine.TabSessionOf(entry).MarkActivity())
                        {
                            return Task.CompletedTask;
                        }

                        lastAlive = now;
                        touches++;
                    }

                    return Task.CompletedTask;
                },
                async () =>
                {
                    for (var i = 0; i < 4000; i++)
                    {
                        if (await host.Engine.ApplyDueRulesAsync(entry) == DueRulesResult.Ended)
                        {
                            endedAt = host.Engine.Directory.Now;
                            return;
                        }
                    }
                });

            if (!endedAt.IsNever)
            {
                ends++;
                Assert.True(endedAt >= lastAlive + s_timeout, $"Ended by {endedAt}, touched at {lastAlive}.");
            }
        }

        // The touching side finds a session over, and the looking side too: it is compared where the latter came first.
        Assert.True(touches >= Games * 10, $"Only {touches} touches were told alive.");
        Assert.True(ends >= Games / 30, $"Only {ends} sessions were found over by the looking side.");
    }

    [Fact]
    public async Task ExitAgainstExitAgainstSweepAgainstSelfDestruct_OneEnd()
    {
        await using var host = Host();
        for (var round = 0; round < Rounds; round++)
        {
            var entry = await host.StartAsync();
            var face = host.Engine.TabSessionOf(entry);
            face.SelfDestruct(s_timeout);
            host.Time.Advance(s_timeout);
            await TogetherAsync(
                face.ExitAsync,
                face.ExitAsync,
                async () => await host.Sweeper.SweepAsync(),
                async () => await host.Sessions.EndAsync(face.Id));
            await host.SettleAsync(entry);

            // What was due first had happened first.
            Assert.Equal(SessionEndReason.SelfDestructed, face.EndReason);
        }

        AssertOneExitEach(host);
    }

    [Fact]
    public async Task SelfDestructAgainstRequest_DisarmedOrEnded_NeverBoth()
    {
        await using var host = Host();
        for (var round = 0; round < Rounds; round++)
        {
            var entry = await host.StartAsync();
            host.Engine.TabSessionOf(entry).SelfDestruct(TimeSpan.FromSeconds(1));
            host.Time.Advance(TimeSpan.FromSeconds(1) - TimeSpan.FromTicks(1));
            var isBegun = false;
            await TogetherAsync(
                async () => isBegun = await host.Engine.TryBeginAsync(entry, isActivity: true, new SessionHold()),
                () =>
                {
                    host.Time.Advance(TimeSpan.FromTicks(1));
                    return Task.CompletedTask;
                },
                async () => await host.Sweeper.SweepAsync());
            await host.SettleAsync(entry);

            Assert.Equal(isBegun, entry.Read().State == SessionState.Active);
            Assert.Equal(isBegun, await host.Engine.ApplyDueRulesAsync(entry) == DueRulesResult.Alive);
        }
    }

    [Fact]
    public async Task ManyOfEverything_OneExitEach_AndHandlersNeverOverlap()
    {
        var running = new ConcurrentDictionary<TabSession, int>();
        var overlaps = 0;
        await using var host = new EngineHost(Configure, builder => builder
            .OnSessionStarted(context => Enter(context.Session))
            .OnSessionResumed(context => Enter(context.Session))
            .OnSessionTimeout(async (context, _) =>
            {
                Enter(context.Session, leave: false);
                await Task.Yield();
                Leave(context.Session);
            })
            .OnPageUnloaded(context => Enter(context.Session))
            .OnApplicationExit(context => Enter(context.Session)));
        host.Record();
        for (var round = 0; round < 300; round++)
        {
            var entry = await host.StartAsync();
            var face = host.Engine.TabSessionOf(entry);
            host.Time.Advance(s_timeout * 0.999);
            Assert.True(PageId.TryCreate("p2", out var page));
            await TogetherAsync(
                async () => await host.PingAsync(entry),
                async () => await host.PingAsync(entry, SignalReport.Activity),
                async () =>
                {
                    var hold = new SessionHold();
                    if (await host.Engine.TryBeginAsync(entry, isActivity: true, hold))
                    {
                        host.Engine.Release(hold);
                    }
                },
                async () =>
                {
                    await host.Arrivals.TryResumeAsync(entry, page, PageId.None);
                },
                async () => await host.Arrivals.TryDetachAsync(entry, page, persisted: false),
                () =>
                {
                    host.Time.Advance(s_timeout);
                    return Task.CompletedTask;
                },
                async () => await host.Sweeper.SweepAsync(),
                async () =>
                {
                    face.SelfDestruct(TimeSpan.Zero);
                    await host.Engine.ApplyDueRulesAsync(entry);
                },
                face.ExitAsync);
            await host.SettleAsync(entry);
            Assert.Equal(SessionState.Ended, face.State);
            Assert.False(face.MarkActivity());
        }

        Assert.Equal(0, Volatile.Read(ref overlaps));
        AssertOneExitEach(host);

        void Enter(TabSession session, bool leave = true)
        {
            if (running.AddOrUpdate(session, 1, (_, count) => count + 1) != 1)
            {
                Interlocked.Increment(ref overlaps);
            }

            Thread.Yield();
            if (leave)
            {
                Leave(session);
            }
        }

        void Leave(TabSession session) => running.AddOrUpdate(session, 0, (_, count) => count - 1);
    }

    [Fact]
    public async Task ShutdownAgainstAll_EverySessionEndsOnce()
    {
        for (var round = 0; round < 20; round++)
        {
            await using var host = Host();
            var shutdown = new SessionShutdownService(
                host.Engine,
                host.Get<AllSessions>(),
                host.Get<SessionDisposer>(),
                host.Get<SessionLeave>(),
                host.Get<ConnectionCloser>(),
                host.Get<IHostApplicationLifetime>(),
                host.Get<IOptions<SessionLifetimeOptions>>(),
                host.Get<IWorkScheduler>(),
                TimeProvider.System,
                host.Get<ILogger<SessionShutdownService>>());
            await shutdown.StartAsync(default);
            var started = 0;
            await TogetherAsync(
                async () =>
                {
                    for (var i = 0; i < 500; i++)
                    {
                        Assert.True(PageId.TryCreate("p", out var page));
                        if (await host.TryStartAsync(page) is { Entry: var entry })
                        {
                            Interlocked.Increment(ref started);
                            host.Engine.TabSessionOf(entry).MarkActivity();
                            _ = host.Engine.TabSessionOf(entry).ExitAsync();
                        }
                    }
                },
                async () =>
                {
                    for (var i = 0; i < 500; i++)
                    {
                        Assert.True(PageId.TryCreate("p", out var page));
                        if (await host.TryStartAsync(page) is { Entry: var entry })
                        {
                            Interlocked.Increment(ref started);
                            host.Engine.TabSessionOf(entry).MarkActivity();
                        }
                    }
                },
                () =>
                {
                    host.Get<IHostApplicationLifetime>().StopApplication();
                    return Task.CompletedTask;
                });
            await shutdown.StopAsync(default);

            Assert.Equal(0, host.Sessions.Count);
            Assert.Equal(started, host.Heard.Count(line => line.StartsWith("ApplicationExit", StringComparison.Ordinal)));
        }
    }

    private static void Configure(SessionLifetimeOptions options)
    {
        options.SessionTimeout = s_timeout;
        options.UnloadGrace = TimeSpan.Zero;
        options.MaxEndedSessions = 10;

        // The clock jumps while handlers run.
        options.HandlerTimeout = TimeSpan.FromDays(1);
    }

    private static EngineHost Host() => new EngineHost(Configure).Record();

    private static void AssertOneExitEach(EngineHost host)
    {
        var starts = host.Heard.Count(line => line == "SessionStarted");
        var exits = host.Heard.Count(line => line.StartsWith("ApplicationExit", StringComparison.Ordinal));
        Assert.Equal(starts - host.Sessions.Count, exits);
        Assert.Empty(host.Log.Errors);
    }

    /// <summary>Runs all of them on threads of their own, let go at the same instant.</summary>
    private static async Task TogetherAsync(params Func<Task>[] parties)
    {
        using var barrier = new Barrier(parties.Length);
        await Task.WhenAll(parties.Select(party => Task.Factory.StartNew(
            () =>
            {
                barrier.SignalAndWait();
                party().GetAwaiter().GetResult();
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
    }

    /// <summary>A clock with nothing but a number, for threads that race with it.</summary>
    private sealed class SteppingTimeProvider : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Volatile.Read(ref _ticks);

        public void Step(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);
    }
}
