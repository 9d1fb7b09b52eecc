using SessionLifetime.Events;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Tests.Scheduling;

/// <summary>The threads of handlers: whatever is queued is run, however it comes, and whatever blocks.</summary>
public sealed class HandlerThreadsTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    [Fact]
    public void WorkThatComesAsTheThreadsFallAsleep_IsRun()
    {
        using var threads = new HandlerThreads(512);
        var spread = new Random(7);
        for (var round = 0; round < 20_000; round++)
        {
            using var done = new CountdownEvent(1 + (round % 3));
            for (var left = done.InitialCount; left > 0; left--)
            {
                threads.Queue(new Work(() => done.Signal()));
                Thread.SpinWait(spread.Next(300));
            }

            Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken), $"Round {round} was forgotten.");
            Thread.SpinWait(spread.Next(3000));
        }
    }

    [Fact]
    public async Task ManyWhoQueueAtOnce_EveryPieceIsRunOnce()
    {
        const int Producers = 4;
        const int Pieces = 50_000;
        using var threads = new HandlerThreads(512);
        var run = new int[Producers * Pieces];
        using var done = new CountdownEvent(run.Length);
        await Task.WhenAll(Enumerable.Range(0, Producers).Select(producer => Task.Run(() =>
        {
            for (var piece = producer * Pieces; piece < (producer + 1) * Pieces; piece++)
            {
                var own = piece;
                threads.Queue(new Work(() =>
                {
                    run[own]++;
                    done.Signal();
                }));
            }
        })));

        Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken));
        Assert.All(run, static times => Assert.Equal(1, times));
    }

    [Fact]
    public void WorkThatBlocks_DelaysNoOther_ForLong()
    {
        using var threads = new HandlerThreads(512);
        using var letGo = new ManualResetEventSlim();
        try
        {
            // More than there are threads, and in front of all others.
            for (var blocking = 0; blocking < 4 * Environment.ProcessorCount; blocking++)
            {
                threads.Queue(new Work(letGo.Wait));
            }

            for (var round = 0; round < 50; round++)
            {
                using var done = new CountdownEvent(2);
                threads.Queue(new Work(() => done.Signal()));
                threads.Queue(new Work(() => done.Signal()));
                Assert.True(done.Wait(s_patience, TestContext.Current.CancellationToken), $"Round {round} waits for those that block.");
            }
        }
        finally
        {
            letGo.Set();
        }
    }

    private sealed class Work(Action run) : IThreadPoolWorkItem
    {
        public void Execute() => run();
    }
}
