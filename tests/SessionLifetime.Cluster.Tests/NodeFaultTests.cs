using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Cluster;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Each test states what has to hold, and fails while the fault is there.</summary>
public sealed class NodeFaultTests : IAsyncDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);

    private readonly FakeTimeProvider _time = new();
    private readonly MemoryBackingStore _store;
    private readonly List<ClusterHost> _nodes = [];

    public NodeFaultTests() => _store = new(_time);

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        await _store.DisposeAsync();
    }

    // A request in flight is a touch in every batch: nobody marks it dirty again after its first.
    [Fact]
    public async Task ARequestInFlight_OnOneNode_IsNoIdlenessForTheOther()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 2);
        var hold = new RequestHold();
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
        var hold = new RequestHold();
        Assert.True(await second.Host.Engine.TryBeginAsync(entry, isActivity: true, hold, TimeSpan.FromHours(2)));
        await AdvanceAsync(TimeSpan.FromMinutes(42));
        Assert.DoesNotContain(second.Host.Heard.Concat(first.Host.Heard), static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal));
        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
    }

    // The first value of a session, written by a node whose copy is older.
    [Fact]
    public async Task TheFirstValue_WrittenByANodeWhoseCopyIsOlder_IsReadAgain()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.True(await first.Host.Arrivals.TryResumeAsync(entry, PageOf("p2"), PageOf("t2")));

        Assert.Empty(await second.Host.Get<SharedValues>().WriteAsync(there, [new("h:cart", [1])]));

        Assert.Single(await second.Host.Get<SharedValues>().ReadAsync(there));
        await AdvanceAsync(s_second * 3);
        Assert.Single(await first.Host.Get<SharedValues>().ReadAsync(entry));
    }

    [Fact]
    public async Task TheFirstValue_AfterAWriteThatFailed_IsReadByTheOthers()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(async () => await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]));
        hook.Before = null;
        await AdvanceAsync(s_second * 3);

        Assert.Empty(await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]));

        await AdvanceAsync(s_second * 3);
        Assert.Single(await second.Host.Get<SharedValues>().ReadAsync(there));
    }

    // A store that was restored: versions are lower than those known.
    [Fact]
    public async Task AStoreThatWentBack_IsRight()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(hook);
        var entry = await first.Host.StartAsync("p1");
        var older = _store.Records[entry.Id.ToString()];
        await first.Directory.SaveAsync(entry);
        await first.Directory.SaveAsync(entry);

        // The record as it was: the last commits are lost.
        ((Dictionary<string, SessionRecord>)_store.Records)[older.Id] = older;
        first.Directory.DistrustAll();
        var loads = 0;
        hook.Before = (call, _) => call is "load" or "commit" && ++loads > 1000 ? throw new InvalidOperationException("It asks for ever.") : Task.CompletedTask;

        Assert.True(await first.Host.PingAsync(entry, SignalReport.Activity));
        Assert.True(loads < 10, $"{loads} calls");
    }

    // A session that is listed on its own node before its commit was answered.
    [Fact]
    public async Task ASessionListedBeforeItsCommitWasAnswered_HasOneEntry()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(hook);
        Task<IReadOnlyList<SessionEntry>>? listing = null;
        hook.After = async (call, _) =>
        {
            if (call == "commit" && listing is null)
            {
                listing = first.Directory.ListAsync(default, null, 10, default).AsTask();
                await Task.WhenAny(listing, Task.Delay(100));
            }
        };

        var entry = await first.Host.StartAsync("p1");

        Assert.Same(entry, Assert.Single(await listing!));
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

    // A read that was made before a commit, and is answered after the news of it.
    [Fact]
    public async Task ARecordReadBeforeANewsThatHasArrived_IsNotServed()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(hook));
        var entry = await first.Host.StartAsync("p1");
        var answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hook.After = (call, _) => call == "load" ? answers.Task : Task.CompletedTask;
        var finding = second.Directory.FindAsync(entry.Secret, default).AsTask();
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        await DeliverAsync(first);
        await second.PulseAsync();
        _time.Advance(s_second * 0.5);
        hook.After = null;
        answers.SetResult();
        var there = await finding;
        await AdvanceAsync(s_second * 4);

        Assert.True(there is null || !await second.Host.PingAsync(there, SignalReport.Activity), "Served 4.5 s after its end.");
    }

    [Fact]
    public async Task AReadThatJoinsAnOlderOne_DoesNotMakeTheEntryTrusted()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(hook));
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second * 3);
        await first.Directory.SaveAsync(entry);
        var answers = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        hook.After = (call, _) => call == "load" ? answers.Task : Task.CompletedTask;

        // The news of the save, and then, while that is read, of the end.
        var heeding = second.Host.Get<NodeHeart>().BeatAsync().AsTask();
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        await DeliverAsync(first);

        // What a touch does: it finds the entry stale, and joins the reading under way.
        await second.Host.Get<NodeHeart>().FlushAsync();
        var beating = second.Host.Get<NodeHeart>().BeatAsync().AsTask();
        _time.Advance(s_second * 0.5);
        hook.After = null;
        answers.SetResult();
        await Task.WhenAll(heeding, beating);
        await AdvanceAsync(s_second * 4);

        Assert.False(await second.Host.PingAsync(there, SignalReport.Activity), "Served 4.5 s after its end.");
    }

    // A record that the store has forgotten.
    [Fact]
    public async Task AnExitOfASessionThatTheStoreHasForgotten_Returns()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var owned = new Owned();
        first.Host.Engine.TabSessionOf(entry).Items["object"] = owned;
        Assert.True(await first.Host.PingAsync(entry));
        await AdvanceAsync(s_second * 12);
        ((Dictionary<string, SessionRecord>)_store.Records).Remove(entry.Id.ToString());

        var exiting = first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        for (var second = 0; second < 60; second++)
        {
            await Task.Delay(5);
            _time.Advance(s_second);
            await first.PulseAsync();
        }

        Assert.True(entry.IsEnded);
        Assert.True(owned.IsDisposed, "What it owned is never disposed.");
        Assert.True(exiting.IsCompleted, "It waits for ever.");
    }

    [Fact]
    public async Task AnExitOfASessionThatTheStoreHasForgotten_WaitsForNothing()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 3);
        ((Dictionary<string, SessionRecord>)_store.Records).Remove(entry.Id.ToString());

        var exiting = first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        for (var second = 0; second < 60; second++)
        {
            await Task.Delay(5);
            _time.Advance(s_second);
            await first.PulseAsync();
        }

        Assert.True(entry.IsEnded);
        Assert.True(exiting.IsCompleted, "It waits for ever.");
    }

    // A new secret that could not be written is handed out all the same.
    [Fact]
    public async Task ANewId_ThatWasNotWritten_IsNotHandedOut_OrIsWrittenLater()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(async () => await first.Host.Engine.Rotation.RotateAsync(entry));
        hook.Before = null;
        await AdvanceAsync(s_second * 30);

        if (entry.NewerThan(entry.Secret) is { } handedOut)
        {
            Assert.NotNull(await second.FindAsync(handedOut));
        }
    }

    // Other timings after a deploy.
    [Fact]
    public async Task SessionsOfANodeWithoutTimeouts_EndUnderTheTimeoutsOfTheNext()
    {
        var first = await NodeAsync(configure: static options => options.SessionTimeout = TimeSpan.Zero);
        var entry = await first.Host.StartAsync("p1");
        await AdvanceAsync(s_second * 3);
        await first.DisposeAsync();
        _nodes.Clear();

        var second = await NodeAsync(configure: static options => options.SessionTimeout = TimeSpan.FromMinutes(1));
        var correcting = second.Host.Get<DueMoments>().CorrectAsync(default).AsTask();
        await AdvanceAsync(TimeSpan.FromMinutes(30));
        await correcting;

        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);
    }

    [Fact]
    public async Task AShorterTimeout_IsNotDecidedByAtOnce()
    {
        // Three nodes with T = 20 min; a fourth with T = 1 min starts. A node that has heard of it does not end what another has accepted.
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        var third = await NodeAsync(configure: static options => options.SessionTimeout = TimeSpan.FromMinutes(1));

        // The second has not heard of the new settings: it accepts from memory.
        Assert.True(await second.Host.PingAsync(there, SignalReport.Activity));

        // The first has, and looks.
        await first.Host.Get<NodeHeart>().BeatAsync();
        await first.Host.Engine.ApplyDueRulesAsync(entry);
        await first.Host.Engine.ApplyDueRulesAsync(entry);
        await Task.Delay(50);

        Assert.Null(_store.Records[entry.Id.ToString()].EndReason);
        Assert.Equal(0, entry.Read().Occurrence);
    }

    // The answer of the timeout handlers cannot be written while the node leaves.
    [Fact]
    public async Task AnAnswerThatANodeCouldNotWriteWhenItLeft_IsAskedForAgain()
    {
        var hook = new InterceptedStore(_store);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var first = await ClusterHost.StartAsync(_time, hook, subscribe: builder => builder.OnSessionTimeout(async (_, _) => await gate.Task), configure: static options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(1);
            options.SignalTimeout = TimeSpan.FromDays(1);
            options.HandlerTimeout = TimeSpan.FromHours(1);
        });
        _nodes.Add(first);
        var entry = await first.Host.StartAsync("p1");
        for (var second = 0; second < 80; second++)
        {
            _time.Advance(s_second);
            await first.PulseAsync();
            await Task.Delay(1);
        }

        await Eventually.IsAsync(() => first.Delivery.Open == 1);
        first.Node.IsLeaving = true;
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        gate.SetResult();
        await Task.Delay(500);
        hook.Before = null;
        _time.Advance(s_second);
        await first.Host.Get<NodeHeart>().BeatAsync();
        var stopping = first.Delivery.StopAsync().AsTask();
        await Eventually.IsAsync(() =>
        {
            _time.Advance(s_second * 0.2);
            return stopping.IsCompleted;
        });
        await first.DisposeAsync();
        _nodes.Clear();
        Assert.True(_store.Records[entry.Id.ToString()].EndReason is null);

        var next = await ClusterHost.StartAsync(_time, _store, subscribe: static builder => builder.OnSessionTimeout(static (_, _) => default(ValueTask)), configure: static options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(1);
            options.SignalTimeout = TimeSpan.FromDays(1);
        });
        _nodes.Add(next);
        await AdvanceAsync(TimeSpan.FromMinutes(10));
        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);
    }

    // A commit whose answer was lost is sent again.
    [Fact]
    public async Task ACommitWhoseAnswerWasLost_IsSentAgain()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(hook);
        var entry = await first.Host.StartAsync("p1");
        var commits = 0;
        hook.After = (call, _) => call == "commit" && ++commits == 1 ? throw new IOException("lost") : Task.CompletedTask;

        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        Assert.Equal(2, commits);
    }

    // One reading that fails leaves the others unread.
    [Fact]
    public async Task OneReadThatFails_DoesNotLeaveTheOthersUnread()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(hook));
        var entries = new List<SessionEntry>();
        var owned = new List<Owned>();
        for (var one = 0; one < 3; one++)
        {
            var entry = await first.Host.StartAsync($"p{one}");
            entries.Add(entry);
            var there = (await second.FindAsync(entry.Secret))!;
            owned.Add(new());
            second.Host.Engine.TabSessionOf(there).Items["object"] = owned[^1];
        }

        await AdvanceAsync(s_second * 3);
        foreach (var entry in entries)
        {
            Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        }

        await DeliverAsync(first);
        hook.Before = static (call, _) => call == "load" ? throw new IOException("lost") : Task.CompletedTask;
        try
        {
            await second.Host.Get<NodeHeart>().BeatAsync();
        }
        catch (SessionStoreUnavailableException)
        {
        }

        hook.Before = null;
        await AdvanceAsync(TimeSpan.FromMinutes(3));
        Assert.All(owned, static one => Assert.True(one.IsDisposed));
    }

    // What failed once is not served from memory until it is read again.
    [Fact]
    public async Task AnExitWhoseAnswerWasLost_IsReadBeforeTheNextTouch()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(hook);
        var entry = await first.Host.StartAsync("p1");
        hook.After = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Exited));
        hook.After = null;
        Assert.NotNull(_store.Records[entry.Id.ToString()].EndReason);

        await Assert.ThrowsAsync<SessionStoreUnavailableException>(() => first.Host.PingAsync(entry, SignalReport.Activity));
        await AdvanceAsync(s_second * 2);
        Assert.False(await first.Host.PingAsync(entry, SignalReport.Activity));
    }

    // News of many commits at once: the readings come one after the other, and no heartbeat meanwhile.
    [Fact]
    public async Task NewsOfManyCommits_CostNoLease()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(hook));
        var entries = new List<SessionEntry>();
        for (var one = 0; one < 600; one++)
        {
            var entry = await first.Host.StartAsync("p1");
            entries.Add(entry);
            Assert.NotNull(await second.FindAsync(entry.Secret));
        }

        await AdvanceAsync(s_second);
        foreach (var entry in entries)
        {
            await first.Directory.SaveAsync(entry);
        }

        // A store that answers a read after 5 ms.
        hook.After = (call, _) =>
        {
            if (call == "load")
            {
                _time.Advance(TimeSpan.FromMilliseconds(5));
            }

            return Task.CompletedTask;
        };
        await second.Host.Get<NodeHeart>().TryBeatAsync();

        Assert.True(second.Node.Clock.HasLease, "No heartbeat was sent while 600 records were read one after the other.");
    }

    // Objects of many sessions at once: the saves of a flush come one after the other.
    [Fact]
    public async Task ManySessionsThatGetAHomeAtOnce_DoNotSilenceTheNode()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(hook));
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
        await using var host = new SessionLifetime.Tests.Engine.EngineHost(null, null, _time, _store);

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

    // The GET after the POST, on another node.
    [Fact]
    public async Task TheFirstValue_IsReadAtOnceByAnotherNode()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second * 3);

        Assert.Empty(await first.Host.Get<SharedValues>().WriteAsync(entry, [new("h:cart", [1])]));

        Assert.Single(await second.Host.Get<SharedValues>().ReadAsync(there));
    }

    // A node that hears no answers to its heartbeats, and is live all the same.
    [Fact]
    public async Task ANodeThatNeverHasALease_HoldsNobodyUp()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(hook));
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

    // A touch that was accepted from memory, is on its way while a flush begins, and does not arrive.
    [Fact]
    public async Task AFlush_IsNotCompleteWhileATouchOfBefore_IsOnItsWay()
    {
        var hook = new InterceptedStore(_store);
        static void Options(SessionLifetimeOptions options) => options.SessionTimeout = TimeSpan.FromSeconds(30);
        var (first, second) = (await NodeAsync(hook, Options), await NodeAsync(configure: Options));
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
        await Task.WhenAny(flushing, Task.Delay(1000));
        var watermark = first.Node.Watermark;
        await first.Host.Get<NodeHeart>().TryBeatAsync();
        await second.PulseAsync();
        await second.PulseAsync();
        await Task.Delay(50);
        var raised = second.Host.Heard.Concat(first.Host.Heard).Where(static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal)).ToList();
        lost.SetException(new IOException("lost"));
        await Xunit.Record.ExceptionAsync(async () => await pinging);

        Assert.True(watermark <= accepted, $"The watermark says {watermark.Ticks}, the touch of {accepted.Ticks} is in no store; raised: {string.Join(", ", raised)}");
    }

    private async Task PausesAsync(WakeSignal signal, int count)
    {
        for (var one = 0; one < count; one++)
        {
            var pause = SessionLifetime.Scheduling.TimedWait.ForAsync(signal.Woken, TimeSpan.FromMilliseconds(1), _time);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await pause;
        }
    }

    /// <summary>What was raised reaches its handlers; no time passes.</summary>
    private async Task DeliverAsync(ClusterHost node) => await Eventually.IsAsync(async () =>
    {
        await node.PulseAsync();
        return _store.WaitingEvents == 0 && node.Delivery.Open == 0;
    });

    private static bool Arm(ref SessionSnapshot next, SessionTimings timings, Moment now, TimeSpan after)
    {
        Clockwork.Arm(ref next, now + after, now);
        return true;
    }

    private static PageId PageOf(string name) => PageId.TryCreate(name, out var page) ? page : throw new InvalidOperationException(name);

    private async Task<ClusterHost> NodeAsync(ISessionBackingStore? store = null, Action<SessionLifetimeOptions>? configure = null)
    {
        var node = await ClusterHost.StartAsync(_time, store ?? _store, configure);
        node.Host.Record();
        _nodes.Add(node);
        return node;
    }

    private async Task AdvanceAsync(TimeSpan by, ClusterHost? sweepOf = null, ClusterHost? only = null)
    {
        for (var passed = TimeSpan.Zero; passed < by; passed += ClusterHost.Flush)
        {
            _time.Advance(ClusterHost.Flush);
            await Eventually.IsAsync(async () =>
            {
                foreach (var node in _nodes.Where(node => only is null || node == only))
                {
                    if (sweepOf is null || node == sweepOf)
                    {
                        await node.PulseAsync();
                    }
                    else
                    {
                        await node.Host.Get<NodeHeart>().FlushAsync();
                        await node.Host.Get<NodeHeart>().BeatAsync();
                    }
                }

                return _store.WaitingEvents == 0 && _nodes.TrueForAll(static node => node.Delivery.Open == 0);
            });
        }
    }

    private sealed class Owned : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
