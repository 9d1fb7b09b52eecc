using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Pages of sessions that are in a store.</summary>
public sealed class SharedPageTests : ClusterTest
{
    [Fact]
    public async Task APage_ThatTwoLooksFindUnloadedAtOnce_IsUnloadedOnce()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        await first.Host.Arrivals.TryDetachAsync(entry, PageOf("p1"), persisted: false);
        for (var second = 0; second < 6; second++)
        {
            _time.Advance(s_second);
            await first.Host.Get<NodeHeart>().FlushAsync();
            await first.Host.Get<NodeHeart>().BeatAsync();
        }

        // The second look comes in the moment the first one's commit is known here.
        Task? other = null;
        first.Directory.Ended.EventsWait += () => other ??= first.Host.Engine.ApplyDueRulesAsync(entry).AsTask();
        await first.Host.Engine.ApplyDueRulesAsync(entry);
        await other!;
        await AdvanceAsync(s_second * 3);

        Assert.Single(first.Host.Heard, static one => one.StartsWith("PageUnloaded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task APage_ThatComesBackWhileItsUnloadingIsWritten_Stays()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(store: hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        await first.Host.Arrivals.TryDetachAsync(entry, PageOf("p1"), persisted: true);
        for (var passed = 0; passed < 6; passed++)
        {
            _time.Advance(s_second);
            await first.Host.Get<NodeHeart>().FlushAsync();
            await first.Host.Get<NodeHeart>().BeatAsync();
        }

        Task<bool>? back = null;
        hook.After = (call, _) =>
        {
            if (call == "commit" && back is null)
            {
                back = first.Host.Arrivals.TryResumeAsync(entry, PageOf("p1"), PageOf("t1")).AsTask();
            }

            return Task.CompletedTask;
        };
        await first.Host.Engine.ApplyDueRulesAsync(entry);
        Assert.NotNull(back);
        Assert.True(await back);
        await AdvanceAsync(s_second * 3);

        Assert.True(entry.IsOpenPage(PageOf("p1")));
        Assert.True((await second.FindAsync(entry.Secret))!.IsOpenPage(PageOf("p1")));
    }

    [Fact]
    public async Task PagesThatComeWhileTheRecordIsFollowed_AreAllThere()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        var record = _store.Records[entry.Id.ToString()];
        var isDone = false;
        var pages = Task.Run(() =>
        {
            for (var one = 0; !Volatile.Read(ref isDone); one++)
            {
                Assert.True(first.Directory.TryAttachPage(entry, PageOf($"x{one % 20}"), PageOf($"t{one % 20}"), entry.LastSignal, TimeSpan.FromHours(1)));
            }
        });
        for (var version = 2; version < 2000; version++)
        {
            await first.Directory.Follower.FollowInTurnAsync(entry, record with { Version = version });
        }

        Volatile.Write(ref isDone, true);
        await pages;
        Assert.True(entry.IsOpenPage(PageOf("p1")));
        lock (entry.Shared!.PageLock)
        {
            Assert.All(entry.Shared!.PageChanges, change => Assert.True(entry.IsOpenPage(change.Page)));
        }
    }

    [Fact]
    public async Task APageThatComesWhileAnotherCommitIsOnItsWay_IsWrittenWithTheNext()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(store: hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        var hasCome = false;
        hook.Before = (call, _) =>
        {
            if (call == "commit" && !hasCome)
            {
                hasCome = true;
                Assert.True(first.Directory.TryAttachPage(entry, PageOf("p2"), PageOf("t2"), entry.LastSignal, TimeSpan.FromHours(1)));
            }

            return Task.CompletedTask;
        };
        await first.Directory.SaveAsync(entry);
        Assert.True(hasCome);

        // A commit of another node comes in between.
        var there = (await second.FindAsync(entry.Secret))!;
        Assert.True(await second.Host.Arrivals.TryResumeAsync(there, PageOf("p3"), PageOf("t3")));
        await first.Directory.Follower.FollowInTurnAsync(entry, _store.Records[entry.Id.ToString()]);
        Assert.True(entry.IsOpenPage(PageOf("p2")));
        await first.Directory.SaveAsync(entry);
        await AdvanceAsync(s_second);

        // News are read beside the pulse.
        await Eventually.IsAsync(() => there.IsOpenPage(PageOf("p2")));
        Assert.True(entry.IsOpenPage(PageOf("p3")));
    }

    [Fact]
    public async Task DetachesOfUnknownPages_AreNotKept()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        for (var page = 0; page < 500; page++)
        {
            await first.Host.Arrivals.TryDetachAsync(entry, PageOf($"x{page}"), persisted: false);
        }

        Assert.Empty(entry.Shared!.PageChanges);
    }

    [Fact]
    public async Task PagesThatComeWhileTheStoreIsAway_AreKept_UpToTheirMost()
    {
        var first = await NodeAsync();
        var entry = await first.Host.StartAsync("p1");
        for (var page = 0; page < 500; page++)
        {
            Assert.True(first.Directory.TryAttachPage(entry, PageOf($"x{page}"), PageOf($"t{page}"), entry.LastSignal, TimeSpan.FromHours(1)));
        }

        Assert.Equal(64, entry.Shared!.PageChanges.Count);
        Assert.Equal(PageOf("x499"), entry.Shared.PageChanges[^1].Page);
    }

    [Fact]
    public async Task ADetachThatCouldNotBeWritten_IsWrittenWithTheNextFlush()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(store: hook), await NodeAsync());
        var entry = await first.Host.StartAsync("p1");
        Assert.True(await first.Host.Arrivals.TryResumeAsync(entry, PageOf("p2"), PageOf("t2")));
        hook.Before = static (call, _) => call == "commit" ? throw new IOException("lost") : Task.CompletedTask;
        await Assert.ThrowsAsync<SessionStoreUnavailableException>(
            async () => await first.Host.Arrivals.TryDetachAsync(entry, PageOf("p1"), persisted: false));
        hook.Before = null;
        await AdvanceAsync(s_second * 4);

        Assert.False((await second.FindAsync(entry.Secret))!.IsOpenPage(PageOf("p1")));
    }
}
