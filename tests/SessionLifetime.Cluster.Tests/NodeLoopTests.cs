using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster.Tests;

/// <summary>The loops of a node: their pauses, and their end. Alone, since some look at the heap.</summary>
[CollectionDefinition(nameof(NodeLoopTests), DisableParallelization = true)]
[Collection(nameof(NodeLoopTests))]
public sealed class NodeLoopTests : ClusterTest
{
    [Fact]
    public async Task APause_LeavesNothingBehind()
    {
        var signal = new WakeSignal();
        await PausesAsync(signal, 200);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await PausesAsync(signal, 10_000);
        var after = GC.GetTotalMemory(forceFullCollection: true);
        GC.KeepAlive(signal);

        Assert.True(after - before < 200_000, $"{(after - before) / 10_000} bytes a pause are kept.");
    }

    [Fact]
    public async Task ALimit_ThatManyWaitsShare_KeepsNothingOfThem()
    {
        using var limit = new TimeLimit(TimeSpan.FromHours(1), _time);
        await WaitsAsync(limit, 200);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await WaitsAsync(limit, 10_000);
        var after = GC.GetTotalMemory(forceFullCollection: true);

        Assert.False(limit.HasPassed);
        Assert.True(after - before < 200_000, $"{(after - before) / 10_000} bytes a wait are kept.");
    }

    [Fact]
    public async Task AWakeOrTheTime_WhicheverComesFirst_EndsAPause()
    {
        var signal = new WakeSignal();
        var woken = TimedWait.ForAsync(signal.Woken, s_second, _time);
        Assert.False(woken.IsCompleted);
        signal.Set();
        await woken;

        signal.Reset();
        var timed = TimedWait.ForAsync(signal.Woken, s_second, _time);
        Assert.False(timed.IsCompleted);
        _time.Advance(s_second);
        await timed;

        // What fails is not thrown, and ends a pause as well.
        await TimedWait.ForAsync(Task.FromException(new InvalidOperationException()), s_second, _time);
    }

    [Fact]
    public async Task AStopWhileTheStoreIsAway_Stops()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        Assert.True(await first.Host.PingAsync(entry, SignalReport.Activity));
        _store.IsAway = true;

        await ActivatorUtilities.CreateInstance<SessionShutdownService>(first.Host.Get<IServiceProvider>()).StopAsync(default);
        await ((IHostedLifecycleService)first.Host.Get<ClusterNodeService>()).StoppedAsync(default);
        _store.IsAway = false;
    }

    [Fact]
    public async Task WhatFailsWhenANodeLeaves_DoesNotKeepItFromSigningOff()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(store: hook);
        var entry = await first.Host.StartAsync("p1");
        Assert.True(await first.Host.PingAsync(entry, SignalReport.Activity));
        var hasSignedOff = false;
        hook.Before = (call, _) =>
        {
            hasSignedOff |= call == "stop";
            return call is "touch" or "complete" ? throw new IOException("lost") : Task.CompletedTask;
        };
        await first.Directory.SaveAsync(entry);
        first.Directory.MarkDirty(entry, isActivity: true);

        await ((IHostedLifecycleService)first.Host.Get<ClusterNodeService>()).StoppedAsync(default);

        Assert.True(hasSignedOff);
    }

    [Fact]
    public async Task TheTimeOfCallsAndWaits_GoesOnWhileTheStoreIsAway()
    {
        var first = await NodeAsync();
        var clock = first.Host.Get<ProcessClock>();
        var (began, service) = (clock.Now, first.Directory.Now);
        _store.IsAway = true;

        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(TimeSpan.FromMinutes(1), clock.Now.Since(began));
        Assert.True(first.Directory.Now.Since(service) <= first.Node.Pace.Lease);
        _store.IsAway = false;
    }

    private static async Task WaitsAsync(TimeLimit limit, int count)
    {
        for (var one = 0; one < count; one++)
        {
            var done = new TaskCompletionSource();
            var waiting = limit.WaitForAsync(done.Task);
            done.SetResult();
            await waiting;
        }
    }

    private async Task PausesAsync(WakeSignal signal, int count)
    {
        for (var one = 0; one < count; one++)
        {
            var pause = TimedWait.ForAsync(signal.Woken, TimeSpan.FromMilliseconds(1), _time);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await pause;
        }
    }
}
