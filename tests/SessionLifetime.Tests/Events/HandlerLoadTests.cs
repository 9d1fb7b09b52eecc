using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Tests.Engine;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Events;

/// <summary>Many handlers at once: how many run, how long the others wait, and what those cost that never return.</summary>
public sealed class HandlerLoadTests
{
    private const int Most = 8;
    private const int HandlersWait = 14;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task HandlersThatBlockForEver_MoreThanThereMayBeThreads_DelayTheNextNoLongerThanTheirLimit()
    {
        using var letGo = new ManualResetEventSlim();
        var blocked = 0;
        await using var host = Host(builder => builder.OnApplicationExit(context =>
        {
            if (context.Reason == SessionEndReason.Revoked)
            {
                Interlocked.Increment(ref blocked);
                letGo.Wait();
            }
        }).OnSessionStarted(static _ => { }));
        try
        {
            // Far more threads than 2 x 8 and the processors.
            for (var round = 1; round <= 8; round++)
            {
                for (var n = 0; n < Most; n++)
                {
                    Assert.True(await host.Engine.TryEndAsync(await host.StartAsync(), SessionEndReason.Revoked));
                }

                await SessionApp.EventuallyAsync(() => Volatile.Read(ref blocked) == round * Most);
                host.Time.Advance(s_limit);
            }

            await host.Engine.EndAndWaitAsync(await host.StartAsync(), SessionEndReason.Exited);
            Assert.Equal(8 * Most, host.Log.Errors.Count(static line => line.Id.Id == 11));
        }
        finally
        {
            letGo.Set();
        }
    }

    [Fact]
    public async Task DisposersThatBlockForEver_StopNeitherEventsNorOtherDisposals()
    {
        using var letGo = new ManualResetEventSlim();
        var disposing = 0;
        await using var host = Host(static builder => builder.OnSessionStarted(static _ => { }).OnApplicationExit(static _ => { }));
        try
        {
            for (var round = 1; round <= 8; round++)
            {
                for (var n = 0; n < Most; n++)
                {
                    var entry = await host.StartAsync();
                    host.Engine.TabSessionOf(entry).Items["blocks"] = new Disposable(() =>
                    {
                        Interlocked.Increment(ref disposing);
                        letGo.Wait();
                    });
                    await host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
                }

                await SessionApp.EventuallyAsync(() => Volatile.Read(ref disposing) == round * Most);
                host.Time.Advance(s_limit);
            }

            var isDisposed = false;
            var last = await host.StartAsync();
            host.Engine.TabSessionOf(last).Items["ends"] = new Disposable(() => Volatile.Write(ref isDisposed, true));
            await host.Engine.EndAndWaitAsync(last, SessionEndReason.Exited);
            await SessionApp.EventuallyAsync(() => Volatile.Read(ref isDisposed) && host.Get<SessionDisposer>().Open.Count == 0);
            Assert.Equal(8 * Most, host.Log.Errors.Count(static line => line.Id.Id == 60));
        }
        finally
        {
            letGo.Set();
        }
    }

    [Fact]
    public async Task ManyEndsAtOnce_RunNoMoreHandlersThanMay_TellEveryExit_AndSayOnceThatTheyWait()
    {
        const int Ends = 300;
        var (running, most, told) = (0, 0, 0);
        var tickets = new SemaphoreSlim(0);
        await using var host = Host(builder => builder.OnApplicationExit(async (_, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref running));
            await tickets.WaitAsync(CancellationToken.None);
            Interlocked.Decrement(ref running);
            Interlocked.Increment(ref told);
        }));
        var exits = new List<Task>();
        for (var n = 0; n < Ends; n++)
        {
            exits.Add(host.Engine.EndAndWaitAsync(await host.StartAsync(), SessionEndReason.Exited));
        }

        await SessionApp.EventuallyAsync(() => Volatile.Read(ref running) == Most);
        Assert.DoesNotContain(exits, static exit => exit.IsCompleted);
        tickets.Release(Ends);
        await Task.WhenAll(exits);

        Assert.Equal((Most, Ends), (most, told));
        Assert.Single(host.Log.Lines, static line => line.Id.Id == HandlersWait);
    }

    [Fact]
    public async Task ABrowserThatWaits_IsServedBeforeEndsThatWait()
    {
        var tickets = new SemaphoreSlim(0);
        var order = new ConcurrentQueue<string>();
        await using var host = Host(builder => builder
            .OnSessionStarted(context => order.Enqueue("started"))
            .OnApplicationExit(async (_, _) =>
            {
                await tickets.WaitAsync(CancellationToken.None);
                order.Enqueue("exit");
            }));
        var entries = new List<SessionEntry>();
        for (var n = 0; n < 5 * Most; n++)
        {
            entries.Add(await host.StartAsync());
        }

        order.Clear();
        var exits = entries.ConvertAll(entry => host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited));
        await WaitingAsync(host, 4 * Most);
        var starting = host.StartAsync();
        await WaitingAsync(host, (4 * Most) + 1);
        tickets.Release();
        await starting;

        // One place was free, and only then.
        Assert.Equal(["exit", "started"], order.Take(2));
        tickets.Release(5 * Most);
        await Task.WhenAll(exits);
    }

    [Fact]
    public async Task WaitingForAPlace_HasABound_AndTheHandlerRunsAllTheSame()
    {
        const int Attaches = 3 * Most;
        var (started, letGo) = (0, new TaskCompletionSource());
        await using var host = Host(builder => builder.OnSessionStarted(async (_, _) =>
        {
            Interlocked.Increment(ref started);
            await letGo.Task;
        }));
        var attaches = Enumerable.Range(0, Attaches).Select(_ => host.StartAsync()).ToList();
        await SessionApp.EventuallyAsync(() => Volatile.Read(ref started) == Most);
        await WaitingAsync(host, Attaches - Most);

        host.Time.Advance(s_limit);
        await Task.WhenAll(attaches);

        for (var round = 2; round <= 3; round++)
        {
            await SessionApp.EventuallyAsync(() => Volatile.Read(ref started) == round * Most);
            host.Time.Advance(s_limit);
        }

        letGo.SetResult();
    }

    [Fact]
    public async Task ATimeoutWhoseHandlerWaitsTooLong_CountsAsNotHandled()
    {
        var letGo = new TaskCompletionSource();
        await using var host = new EngineHost(
            static options => (options.SessionTimeout, options.CountdownDuration, options.HandlerTimeout, options.MaxConcurrentHandlers) = (TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1), s_limit, 1),
            builder => builder.OnSessionTimeout(static context => context.Handled = true).OnApplicationExit((_, _) => new(letGo.Task)));
        var waiting = await host.StartAsync();
        host.Time.Advance(TimeSpan.FromMinutes(1) - s_limit);
        await host.Engine.TryEndAsync(await host.StartAsync(), SessionEndReason.Exited);
        await host.Engine.TryEndAsync(await host.StartAsync(), SessionEndReason.Exited);
        await host.Engine.TryEndAsync(await host.StartAsync(), SessionEndReason.Exited);
        await WaitingAsync(host, 2);
        host.Time.Advance(s_limit);
        await host.Sweeper.SweepAsync();
        Assert.True(waiting.Read().Raising);
        await WaitingAsync(host, 2);

        host.Time.Advance(s_limit);

        await SessionApp.EventuallyAsync(() => !waiting.Read().Raising);
        Assert.Equal(SessionState.TimedOut, waiting.Read().State);
        letGo.SetResult();
    }

    [Fact]
    public async Task ExitHandlersThatAwaitEachOthersExit_DoNotWaitForEachOther()
    {
        var sessions = new List<TabSession>();
        await using var host = Host(builder => builder.OnApplicationExit(async (context, _) =>
        {
            foreach (var other in sessions.Where(other => other != context.Session))
            {
                await other.ExitAsync();
            }
        }));
        var entries = new List<SessionEntry>();
        for (var n = 0; n < 3; n++)
        {
            entries.Add(await host.StartAsync());
            sessions.Add(host.Engine.TabSessionOf(entries[^1]));
        }

        // The clock stands still: nobody is abandoned.
        await Task.WhenAll(entries.Select(entry => host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited))).WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Empty(host.Log.Errors);
    }

    [Fact]
    public async Task AHandlerThatEndsOtherSessionsByName_DoesNotWaitForTheirHandlers()
    {
        var letGo = new TaskCompletionSource();
        await using var host = Host(builder => builder.OnApplicationExit((context, _) => context.Reason == SessionEndReason.Revoked ? new(letGo.Task) : default));
        var other = host.Engine.TabSessionOf(await host.StartAsync());
        var others = host.Engine.TabSessionOf(await host.StartAsync());
        host.Events.SessionStarted += (_, _) =>
        {
            Assert.True(host.Sessions.EndAsync(other.Id).AsTask().Wait(TimeSpan.FromSeconds(30)));
            Assert.True(host.Sessions.EndAllAsync(except: null).AsTask().Wait(TimeSpan.FromSeconds(30)));
        };

        await host.StartAsync();

        Assert.Equal((SessionState.Ended, SessionState.Ended), (other.State, others.State));
        letGo.SetResult();
    }

    private static EngineHost Host(Action<SessionLifetimeBuilder> subscribe) => new(
        static options => (options.MaxConcurrentHandlers, options.HandlerTimeout, options.DisposalTimeout) = (Most, s_limit, s_limit),
        subscribe);

    private static Task WaitingAsync(EngineHost host, int count) => SessionApp.EventuallyAsync(
        () => host.Get<HandlerWatch>().Waiting == count,
        () => $"{host.Get<HandlerWatch>().Waiting} calls wait, not {count}.");

    private static void InterlockedMax(ref int most, int seen)
    {
        for (var known = Volatile.Read(ref most); seen > known; known = Volatile.Read(ref most))
        {
            Interlocked.CompareExchange(ref most, seen, known);
        }
    }

    private sealed class Disposable(Action dispose) : IDisposable
    {
        public void Dispose() => dispose();
    }
}
