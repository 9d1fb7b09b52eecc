using SessionLifetime.Cluster;
using SessionLifetime.Engine;
using SessionLifetime.Realtime;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Nodes in front of the reference store.</summary>
public sealed class SharedSessionTests : ClusterTest
{
    [Fact]
    public async Task AnyNode_ServesTheSession()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");

        var there = await second.FindAsync(entry.Secret);

        Assert.NotNull(there);
        Assert.NotSame(entry, there);
        Assert.Equal(entry.Id, there.Id);
        Assert.True(await second.Host.PingAsync(there, SignalReport.Activity));
    }

    [Fact]
    public async Task ATouchOnOneNode_KeepsTheSessionOnAll()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        for (var minute = 0; minute < 45; minute++)
        {
            await AdvanceAsync(TimeSpan.FromMinutes(1));
            Assert.True(await second.Host.PingAsync(there, SignalReport.Activity));
        }

        Assert.False(entry.IsEnded);
        Assert.DoesNotContain(first.Host.Heard.Concat(second.Host.Heard), static one => one.StartsWith("SessionTimeout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ASilentSession_EndsOnceOnAllNodes_AndIsToldOnce()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        await AdvanceAsync(TimeSpan.FromMinutes(41));

        Assert.True(entry.IsEnded);
        Assert.True(there.IsEnded);
        Assert.Equal(
            ["ApplicationExit SignalLost", "SessionTimeout 1"],
            first.Host.Heard.Concat(second.Host.Heard).Where(static one => one != "SessionStarted").Order(StringComparer.Ordinal));
        Assert.Equal(0, _store.WaitingEvents);
    }

    [Fact]
    public async Task AnExitOnOneNode_IsSeenOnTheOther_WithItsNextHeartbeat()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        var exiting = first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        await Eventually.IsAsync(() => entry.IsEnded);
        await AdvanceUntilAsync(exiting);

        Assert.True(there.IsEnded);
        Assert.Null(await second.FindAsync(entry.Secret));
        Assert.Equal(SessionEndReason.Exited, (await second.Directory.FindEndedAsync(entry.Secret, default))!.Value.Reason);
    }

    [Fact]
    public async Task ADowntime_EndsNobody()
    {
        var first = await NodeAsync();
        var secret = (await first.Host.StartAsync("p1")).Secret;
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        await first.DisposeAsync();
        _nodes.Clear();
        _time.Advance(TimeSpan.FromHours(8));

        var second = await NodeAsync();
        await AdvanceAsync(s_second * 30);

        var found = await second.FindAsync(secret);
        Assert.NotNull(found);
        await AdvanceAsync(TimeSpan.FromMinutes(40));
        Assert.True(found.IsEnded);
        Assert.Equal(["SessionTimeout 1", "ApplicationExit SignalLost"], second.Host.Heard);
    }

    [Fact]
    public async Task PlainRequests_WaitForNoStore()
    {
        var node = await NodeAsync();
        var entry = await node.Host.StartAsync("p1");
        await node.PulseAsync();
        _store.Calls.Clear();

        for (var request = 0; request < 100; request++)
        {
            Assert.True(await node.Host.PingAsync(entry, SignalReport.Activity));
        }

        // Events are asked for in the background.
        Assert.DoesNotContain(_store.Calls.Keys, static call => call is not nameof(ISessionBackingStore.TakeEventsAsync));
    }

    [Fact]
    public async Task ANewId_IsHandedOutByEveryNode_AndAllOfThemAgree()
    {
        var (first, second, third) = (await NodeAsync(), await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var old = entry.Secret;
        var known = (await second.FindAsync(old))!;

        await first.Host.Engine.Rotation.RotateAsync(entry);
        await AdvanceAsync(s_second);

        var newest = entry.NewerThan(old);
        Assert.NotNull(newest);
        Assert.Equal(newest, known.NewerThan(old));
        Assert.Equal(newest, (await third.FindAsync(old))!.NewerThan(old));
        Assert.Same(known, await second.FindAsync(newest.Value));

        // Used on one node, the former runs out on all.
        second.Host.Engine.Rotation.OnUsed(known, newest.Value);
        await AdvanceAsync(s_second * 2);
        Assert.NotNull(await third.FindAsync(old));
        await AdvanceAsync(TimeSpan.FromSeconds(40));
        Assert.Null(await third.FindAsync(old));
        Assert.Null(await first.FindAsync(old));
        Assert.NotNull(await third.FindAsync(newest.Value));
    }

    [Fact]
    public async Task ANewId_ThatIsNotWrittenYet_IsNotForgottenWhenAnOlderRecordArrives()
    {
        var node = await NodeAsync();
        var entry = await node.Host.StartAsync("p1");
        var newest = SessionId.Create();
        Assert.True(entry.TryRotate(null, SessionLifetime.Entries.RotatedIds.First(entry.Secret, newest)));

        await node.Directory.Follower.FollowInTurnAsync(entry, _store.Records[entry.Id.ToString()]);

        Assert.Equal(newest, entry.Rotated!.Newest);
        Assert.Null(entry.NewerThan(entry.Secret));
        await node.Directory.SaveAsync(entry);
        Assert.Equal(2, _store.Records[entry.Id.ToString()].SecretHashes.Count);
        await node.Directory.Follower.FollowInTurnAsync(entry, _store.Records[entry.Id.ToString()]);
        Assert.Equal(newest, entry.NewerThan(entry.Secret));
    }

    [Fact]
    public async Task PagesOfAllNodes_AreOneList()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        Assert.True(await second.Host.Arrivals.TryResumeAsync(there, PageOf("p2"), PageOf("t2")));
        await AdvanceAsync(s_second * 3);
        Assert.True(entry.IsOpenPage(PageOf("p1")));
        Assert.True(entry.IsOpenPage(PageOf("p2")));

        await first.Host.Arrivals.TryDetachAsync(entry, PageOf("p2"), persisted: false);
        await AdvanceAsync(TimeSpan.FromSeconds(8));

        Assert.False(there.IsOpenPage(PageOf("p2")));
        Assert.Equal(["PageUnloaded p2 1"], first.Host.Heard.Concat(second.Host.Heard).Where(static one => one.StartsWith("PageUnloaded", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task ADetachNobodyListensTo_IsWrittenOnce_AndThePageIsGoneEverywhere()
    {
        var (first, second) = (await ClusterHost.StartAsync(_time, _store), await ClusterHost.StartAsync(_time, _store));
        _nodes.AddRange([first, second]);
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await first.Host.Arrivals.TryDetachAsync(entry, PageOf("p1"), persisted: false);
        await AdvanceAsync(TimeSpan.FromSeconds(10));
        var version = _store.Records[entry.Id.ToString()].Version;

        await AdvanceAsync(TimeSpan.FromSeconds(30));

        Assert.Empty(entry.ReadPages());
        Assert.Empty(there.ReadPages());
        Assert.Equal(version, _store.Records[entry.Id.ToString()].Version);
    }

    [Fact]
    public async Task ASelfDestruct_ArmedOnOneNode_IsDisarmedOnTheOther()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;

        await first.Host.Engine.TryChangeAsync(entry, TimeSpan.FromSeconds(20), Arm);
        await AdvanceAsync(s_second * 3);
        Assert.True(await second.Host.PingAsync(there));
        await AdvanceAsync(TimeSpan.FromSeconds(40));
        Assert.False(there.IsEnded);

        await second.Host.Engine.TryChangeAsync(there, TimeSpan.FromSeconds(20), Arm);
        await AdvanceAsync(TimeSpan.FromSeconds(40));
        Assert.True(entry.IsEnded);
        Assert.Contains("ApplicationExit SelfDestructed", first.Host.Heard.Concat(second.Host.Heard));
    }

    // A node that has not heard from the store for a while: it may have stood still, and the session has ended elsewhere meanwhile.
    [Theory]
    [InlineData("status")]
    [InlineData("find")]
    [InlineData("message")]
    public async Task WhatCountsForNothing_IsNotAnsweredFromAnOldCopy(string what)
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second * 3);
        for (var beat = 0; beat < 4; beat++)
        {
            _time.Advance(s_second);
            await first.BeatAsync();
        }

        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        Assert.False(there.IsEnded);

        var isAlive = what switch
        {
            "status" => await second.Host.Engine.LookAsync(there) != DueRulesResult.Ended,
            "find" => await second.Host.Get<ISessionLifetime>().FindAsync(there.Id.ToString(), TestContext.Current.CancellationToken) is not null,
            _ => await second.Host.Get<MessageCounter>().CountAsync(there, SessionSignal.None, "socket"),
        };

        Assert.False(isAlive);
    }

    // The same where it is known that it changed: the copy is not believed, whatever the answer is for.
    [Fact]
    public async Task WhatCountsForNothing_OfAStaleCopy_ReadsItFirst()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(s_second * 3);
        Assert.True(await first.Host.Engine.TryEndAsync(entry, SessionEndReason.Revoked));
        second.Directory.News.Distrust([new(there.Id.ToString(), there.Shared!.Version + 1, IsEnded: true, IsTold: false)]);

        Assert.Equal(DueRulesResult.Ended, await second.Host.Engine.LookAsync(there));
    }

    [Fact]
    public async Task SynchronousMembers_ReachEveryNode()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        var writes = new SessionLifetime.Scheduling.PendingWrites();
        writes.Begin();

        first.Host.Engine.TabSessionOf(entry).SessionTimeout = TimeSpan.FromMinutes(3);
        first.Host.Engine.TabSessionOf(entry).SelfDestruct(TimeSpan.FromMinutes(2));
        await writes.WhenWrittenAsync();

        Assert.Equal(TimeSpan.FromMinutes(3), first.Host.Engine.TabSessionOf(entry).SessionTimeout);
        await AdvanceAsync(s_second);
        Assert.Equal(TimeSpan.FromMinutes(3), second.Host.Engine.TabSessionOf(there).SessionTimeout);
        await AdvanceAsync(TimeSpan.FromMinutes(2) + (s_second * 20));
        Assert.True(there.IsEnded);
    }

    [Fact]
    public async Task AnEndThatNobodyListensTo_IsCompleteAtOnce_WhoeverAsksFirst()
    {
        await using var first = await ClusterHost.StartAsync(_time, _store);
        await using var second = await ClusterHost.StartAsync(_time, _store);
        var entry = await first.Host.StartAsync("p1");
        var there = (await second.FindAsync(entry.Secret))!;
        await AdvanceAsync(first, second);

        // No public object was made before.
        Assert.Null(entry.Observer);
        Assert.True(await first.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Revoked).WaitAsync(TimeSpan.FromSeconds(30)));

        await AdvanceAsync(first, second);
        // News are read beside the pulse.
        await Eventually.IsAsync(() => there.IsEnded);
        await second.Host.Engine.TabSessionOf(there).Completion.WaitAsync(TimeSpan.FromSeconds(30));
        await Eventually.IsAsync(() => second.Host.Engine.TabSessionOf(there).Ended.IsCancellationRequested);
        Assert.False(await second.Host.Engine.EndAndWaitAsync(there, SessionEndReason.Revoked).WaitAsync(TimeSpan.FromSeconds(30)));

        async Task AdvanceAsync(params ClusterHost[] nodes)
        {
            _time.Advance(s_second);
            foreach (var node in nodes)
            {
                await node.PulseAsync();
            }
        }
    }

    [Fact]
    public async Task TheNodeThatHoldsObjects_IsToldTheExit_AndDisposesThemAfterIt()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entry = await second.Host.StartAsync("p1");
        var there = (await first.FindAsync(entry.Secret))!;
        var owned = new Owned();
        first.Host.Engine.TabSessionOf(there).Items["object"] = owned;
        Assert.True(await first.Host.PingAsync(there));
        await AdvanceAsync(s_second * 12);

        var ending = second.Host.Engine.EndAndWaitAsync(entry, SessionEndReason.Revoked);
        await AdvanceUntilAsync(ending);

        Assert.Equal(["ApplicationExit Revoked"], first.Host.Heard);
        Assert.DoesNotContain("ApplicationExit Revoked", second.Host.Heard);
        await Eventually.IsAsync(() => owned.IsDisposed);
    }

    [Fact]
    public async Task LogOutEverywhere_EndsTheSessionsOfAllNodes()
    {
        var (first, second) = (await NodeAsync(), await NodeAsync());
        var entries = new[] { await first.Host.StartAsync("p1"), await second.Host.StartAsync("p2"), await first.Host.StartAsync("p3") };
        foreach (var (host, entry) in new[] { (first, entries[0]), (second, entries[1]) })
        {
            await host.Host.Get<SessionLifetime.Engine.SessionOwnership>().ClaimAsync(entry, BrowserKey.None, "ada");
        }

        Assert.Equal(2, (await second.Host.Sessions.ListAsync(new() { User = "ada" })).Count);
        var ending = second.Host.Sessions.EndAllAsync("ada").AsTask();
        await Eventually.IsAsync(() => _store.Records.Values.Count(static record => record.EndReason is not null) == 2);
        await AdvanceUntilAsync(ending);

        Assert.Equal(2, await ending);
        Assert.True(entries[0].IsEnded);
        Assert.True(entries[1].IsEnded);
        Assert.False(entries[2].IsEnded);
        Assert.Equal(1, first.Host.Sessions.Count);
    }

    private static bool Arm(ref SessionSnapshot next, SessionTimings timings, SessionLifetime.Time.Moment now, TimeSpan after)
    {
        Clockwork.Arm(ref next, now + after, now);
        return true;
    }
}
