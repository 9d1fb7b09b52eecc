using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Sessions;
using SessionLifetime.Tests.Engine;

namespace SessionLifetime.Tests.Scoping;

/// <summary>What is left after a hundred thousand sessions. Alone in the process: others would be measured too.</summary>
[CollectionDefinition(nameof(LeakTests), DisableParallelization = true)]
[Collection(nameof(LeakTests))]
public sealed class LeakTests
{
    [Fact]
    public async Task A_hundred_thousand_sessions_that_owned_ten_kilobytes_each_leave_nothing_behind()
    {
        const int Sessions = 100_000;
        var disposals = new int[Sessions + 1];
        var made = 0;
        await using var host = new EngineHost(
            static options => (options.MaxEndedSessions, options.SweepInterval) = (0, TimeSpan.FromDays(1)),
            sessions => sessions.AddSessionScoped<Load>(_ => new Load(disposals, Interlocked.Increment(ref made))));
        host.Log.Lines.Clear();

        // Queues and tables grow as large here as they ever will.
        await PlayAsync(10_000, atOnce: 10_000);
        await PlayAsync(10_000, atOnce: 2000);
        var before = Measure();
        await PlayAsync(Sessions - 20_000, atOnce: 2000);
        var after = Measure();

        Assert.Equal(Sessions, made);
        Assert.All(disposals.Skip(1), static count => Assert.Equal(1, count));
        Assert.InRange(after, 0, before * 1.05);
        TestContext.Current.TestOutputHelper?.WriteLine($"Before {before:N0} bytes, after {after:N0}.");

        async Task PlayAsync(int count, int atOnce)
        {
            for (var started = 0; started < count; started += atOnce)
            {
                for (var i = 0; i < atOnce; i++)
                {
                    var session = host.Engine.TabSessionOf(await host.StartAsync());
                    await using var scope = host.Get<IServiceScopeFactory>().CreateAsyncScope();
                    var accessor = TabSessionAccessor.Enter(scope.ServiceProvider, session);
                    scope.ServiceProvider.GetRequiredService<Load>();
                    accessor!.Leave();
                }

                Assert.Equal(atOnce, await host.Sessions.EndAllAsync());
                await host.Get<SessionDisposer>().Open.WhenNoneAsync();
                host.Log.Lines.Clear();
            }
        }

        static long Measure()
        {
            for (var i = 0; i < 3; i++)
            {
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                GC.WaitForPendingFinalizers();
            }

            return GC.GetTotalMemory(forceFullCollection: true);
        }
    }

    private sealed class Load(int[] disposals, int number) : IDisposable
    {
        public byte[] Bytes { get; } = new byte[10 * 1024];

        public void Dispose() => Interlocked.Increment(ref disposals[number]);
    }
}
