using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Engine;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Touches that one node accepts, and the decisions of the others.</summary>
public sealed class NodeTouchTests : ClusterTest
{
    // A request in flight is a touch in every batch: nobody marks it dirty again after its first.
    [Fact]
    public async Task ARequestInFlight_OnOneNode_IsNoIdlenessForTheOther()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 2);
        var hold = new SessionHold();
        Assert.True(await first.Host.Engine.TryBeginAsync(entry, isActivity: true, hold, TimeSpan.FromHours(2)));

        // Only the other node looks at what is due, as chance may have it.
        for (var minute = 0; minute < 42; minute++)
        {
            await AdvanceAsync(TimeSpan.FromMinutes(1), sweepOf: second);
        }

        Assert.DoesNotContain(second.Host.Heard.Concat(first.Host.Heard), static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal));
        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
    }

    [Fact]
    public async Task TheSame_WithBothNodesSweeping()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await second.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 2);
        var hold = new SessionHold();
        Assert.True(await second.Host.Engine.TryBeginAsync(entry, isActivity: true, hold, TimeSpan.FromHours(2)));
        await AdvanceAsync(TimeSpan.FromMinutes(42));
        Assert.DoesNotContain(second.Host.Heard.Concat(first.Host.Heard), static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal));
        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
    }

    // An armed self-destruct, and a touch from memory of a node that does not know of it yet.
    [Fact]
    public async Task ATouchFromMemory_AfterTheArming_Disarms()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second * 3);
        await first.Host.Engine.TryChangeAsync(entry, TimeSpan.FromSeconds(20), Arm);
        _time.Advance(s_second * 0.5);
        Assert.True(await second.Host.PingAsync(there));

        await AdvanceAsync(s_second * 60);

        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
    }

    // A touch that was accepted from memory, is on its way while a flush begins, and does not arrive.
    [Fact]
    public async Task AFlush_IsNotCompleteWhileATouchOfBefore_IsOnItsWay()
    {
        var hook = new InterceptedStore(_store);
        static void Options(SessionLifetimeOptions options) => options.SessionTimeout = TimeSpan.FromSeconds(30);
        var (first, second) = (await NodeAsync(Options, hook), await NodeAsync(Options));
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 18);
        var due = entry.Shared!.Stored.LastActivity + TimeSpan.FromSeconds(30);

        // From now on touches get lost; heartbeats arrive.
        hook.Before = static (call, _) => call == "touch" ? throw new IOException("lost") : Task.CompletedTask;
        Assert.True(await first.Host.PingAsync(entry, SignalReport.Activity));
        var accepted = entry.LastActivity;
        Assert.True(accepted + first.Node.Pace.Guard < due);
        while (first.Directory.Now < due + s_second)
        {
            _time.Advance(s_second * 0.9);
            await first.Host.Get<NodeHeart>().TryBeatAsync();
            await second.PulseAsync();
        }

        // A ping near the end waits for the store; while it is on its way, a flush begins, and finds nothing to send.
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var isSent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hook.Before = (call, _) =>
        {
            if (call != "touch")
            {
                return Task.CompletedTask;
            }

            isSent.TrySetResult();
            return lost.Task;
        };
        var pinging = first.Host.PingAsync(entry);
        await isSent.Task;
        var flushing = first.Host.Get<NodeHeart>().FlushAsync().AsTask();
        await first.Host.Get<NodeHeart>().TryBeatAsync();
        await second.PulseAsync();
        await second.PulseAsync();
        await DeliverAsync(second);
        var (watermark, isFlushed) = (first.Node.Watermark, flushing.IsCompleted);
        var raised = second.Host.Heard.Concat(first.Host.Heard).Where(static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal)).ToList();
        lost.SetException(new IOException("lost"));
        await Xunit.Record.ExceptionAsync(async () => await pinging);

        Assert.False(isFlushed);
        Assert.True(watermark <= accepted, $"The watermark says {watermark.Ticks}, the touch of {accepted.Ticks} is in no store; raised: {string.Join(", ", raised)}");
    }

    // A node that hears no answers to its heartbeats, and is live all the same.
    [Fact]
    public async Task ANodeThatNeverHasALease_HoldsNobodyUp()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(store: hook));
        var entry = await first.Host.StartAsync("p1");
        hook.After = static (call, _) => call == "beat" ? throw new IOException("too late") : Task.CompletedTask;
        for (var one = 0; one < 60 * 60; one++)
        {
            _time.Advance(s_second);
            await second.Host.Get<NodeHeart>().FlushAsync();
            await second.Host.Get<NodeHeart>().TryBeatAsync();
            await first.PulseAsync();
        }

        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);
    }

    // Objects of many sessions at once: the saves of a flush come one after the other.
    [Fact]
    public async Task ManySessionsThatGetAHomeAtOnce_DoNotSilenceTheNode()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(store: hook));
        for (var one = 0; one < 800; one++)
        {
            var entry = await first.Host.StartAsync("p1");
            var there = (await second.FindAsync(entry.Secret))!;
            second.Host.Engine.TabSessionOf(there).Items["object"] = new Owned();
            Assert.True(await second.Host.PingAsync(there));
        }

        // A store that answers a commit after 20 ms.
        hook.After = (call, _) =>
        {
            if (call == "commit")
            {
                _time.Advance(TimeSpan.FromMilliseconds(20));
            }

            return Task.CompletedTask;
        };
        await second.Host.Get<NodeHeart>().FlushAsync();
        var began = _time.GetTimestamp();
        await second.Host.Get<NodeHeart>().FlushAsync();

        Assert.True(_time.GetElapsedTime(began) < second.Node.Pace.LiveFor, $"One flush took {_time.GetElapsedTime(began)}.");
    }

    // A node that started while the store was away.
    [Fact]
    public async Task ASessionThatStartsBeforeItsNodeIsRegistered_HasTheRightClock()
    {
        await NodeAsync();
        await AdvanceAsync(TimeSpan.FromMinutes(1));
        await using var host = new EngineHost(null, null, _time, _store);

        SessionEntry entry;
        try
        {
            entry = await host.StartAsync("p1");
        }
        catch (SessionStoreUnavailableException)
        {
            return;
        }

        Assert.True(_store.ServiceNow - _store.Records[entry.Id.ToString()].Stamps.LastActivity < s_second, $"{_store.Records[entry.Id.ToString()].Stamps.LastActivity} at {_store.ServiceNow}");
        await AdvanceAsync(s_second * 20);
        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
    }

    private static bool Arm(ref SessionSnapshot next, SessionTimings timings, Moment now, TimeSpan after)
    {
        Clockwork.Arm(ref next, now + after, now);
        return true;
    }
}
