using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Records that are read while news of newer ones come.</summary>
public sealed class EntryNewsTests : ClusterTest
{
    // A store that was restored: versions are lower than those known.
    [Fact]
    public async Task AStoreThatWentBack_IsRight()
    {
        var hook = new InterceptedStore(_store);
        var first = await NodeAsync(store: hook);
        var entry = await first.Host.StartAsync("p1");
        var older = _store.Records[entry.Id.ToString()];
        await first.Directory.SaveAsync(entry);
        await first.Directory.SaveAsync(entry);

        // The record as it was: the last commits are lost.
        ((Dictionary<string, SessionRecord>)_store.Records)[older.Id] = older;
        first.Directory.News.DistrustAll();
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
        var first = await NodeAsync(store: hook);
        Task<IReadOnlyList<SessionEntry>>? listing = null;
        var isListed = new TaskCompletionSource();
        hook.After = async (call, _) =>
        {
            if (call == "list")
            {
                isListed.TrySetResult();
            }
            else if (call == "commit" && listing is null)
            {
                listing = first.Directory.ListAsync(default, null, 10, default).AsTask();
                await isListed.Task;
            }
        };

        var entry = await first.Host.StartAsync("p1");

        Assert.Same(entry, Assert.Single(await listing!));
    }

    // A read that was made before a commit, and is answered after the news of it.
    [Fact]
    public async Task ARecordReadBeforeANewsThatHasArrived_IsNotServed()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(store: hook));
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
        var (first, second) = (await NodeAsync(), await NodeAsync(store: hook));
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

    // One reading that fails leaves the others unread.
    [Fact]
    public async Task OneReadThatFails_DoesNotLeaveTheOthersUnread()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(store: hook));
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

    // News of many commits at once: the readings come one after the other, and no heartbeat meanwhile.
    [Fact]
    public async Task NewsOfManyCommits_CostNoLease()
    {
        var hook = new InterceptedStore(_store);
        var (first, second) = (await NodeAsync(), await NodeAsync(store: hook));
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
}
