using SessionLifetime.Storage;

namespace SessionLifetime.Tests.Storage;

/// <summary>What every backing store has to do. A store's tests derive from this, and add nothing to pass it.</summary>
public abstract class BackingStoreContract
{
    private static int s_last;

    [Fact]
    public async Task Commit_ANewSession_IsThereByItsIdAndBySecret()
    {
        await using var store = await StartAsync();
        var record = NewRecord();

        var answer = await store.CommitAsync(new(record, 0, null), default);

        Assert.True(answer.IsCommitted);
        Assert.Equal(1, answer.Current!.Version);
        AssertSame(record with { Version = 1 }, answer.Current);
        AssertSame(answer.Current, await store.LoadAsync(SessionKey.OfId(record.Id), default));
        AssertSame(answer.Current, await store.LoadAsync(SessionKey.OfSecret(record.Secrets[0].Hash), default));
        AssertSame(answer.Current, await store.LoadAsync(SessionKey.OfSecret(record.Secrets[1].Hash), default));
    }

    [Fact]
    public async Task Load_WhatIsNotThere_GivesNothing()
    {
        await using var store = await StartAsync();

        Assert.Null(await store.LoadAsync(SessionKey.OfId("AAAAAAAAAAA"), default));
        Assert.Null(await store.LoadAsync(SessionKey.OfSecret(new('A', 43)), default));
    }

    [Fact]
    public async Task Commit_ANewSessionTwice_IsRefusedTheSecondTime()
    {
        await using var store = await StartAsync();
        var record = NewRecord();
        await store.CommitAsync(new(record, 0, null), default);

        var again = await store.CommitAsync(new(record with { User = "eve" }, 0, null), default);

        Assert.False(again.IsCommitted);
        Assert.Equal("ada", again.Current!.User);
    }

    [Fact]
    public async Task Commit_OnAnOlderVersion_IsRefusedAndTellsTheCurrentOne()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store);
        await store.CommitAsync(new(record with { User = "bob" }, 1, null), default);

        var late = await store.CommitAsync(new(record with { User = "eve" }, 1, null), default);

        Assert.False(late.IsCommitted);
        Assert.Equal(("bob", 2), (late.Current!.User, late.Current.Version));
    }

    [Fact]
    public async Task Commit_OfASessionThatIsNotThere_IsRefused()
    {
        await using var store = await StartAsync();

        Assert.Equal(new CommitAnswer(false, null), await store.CommitAsync(new(NewRecord(), 1, null), default));
    }

    [Fact]
    public async Task Commit_OnOlderStamps_IsRefused_UnlessTheDecisionStandsWhateverTouchesCame()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store);
        var touched = record.Stamps with { LastSignal = record.Stamps.LastSignal + TimeSpan.FromSeconds(1) };
        await store.TouchAsync(new SessionTouch[] { new(record.Id, touched, null, 1) }, default);

        Assert.False((await store.CommitAsync(new(record with { User = "bob" }, 1, record.Stamps), default)).IsCommitted);
        var answer = await store.CommitAsync(new(record with { User = "bob" }, 1, null), default);
        Assert.True(answer.IsCommitted);
        Assert.Equal(touched, answer.Current!.Stamps);
    }

    [Fact]
    public async Task Commit_OnNewerStampsThanTheStores_IsWritten()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store);
        var seen = record.Stamps with { LastActivity = record.Stamps.LastActivity + TimeSpan.FromSeconds(1) };

        Assert.True((await store.CommitAsync(new(record with { Stamps = seen }, 1, seen), default)).IsCommitted);
    }

    [Fact]
    public async Task Commit_AnEnd_LeavesTheSessionReadableAndTakesNoMore()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store);
        var ended = record with { EndReason = SessionEndReason.Exited, EndedAt = TimeSpan.FromHours(30), DueAt = null };

        Assert.True((await store.CommitAsync(new(ended, 1, null), default)).IsCommitted);
        Assert.False((await store.CommitAsync(new(record, 2, null), default)).IsCommitted);
        Assert.Equal(SessionEndReason.Exited, (await store.LoadAsync(SessionKey.OfSecret(record.Secrets[0].Hash), default))!.EndReason);
        Assert.Equal(0, await store.CountAsync(default, default));
        Assert.Empty(await store.TakeDueAsync(new(TimeSpan.FromDays(100), 10, null), default));
        Assert.Empty(await ListAsync(store, default));
    }

    [Fact]
    public async Task Touch_MovesEachStampForwardOnly_InAnyOrder()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store);
        var (early, late) = (record.Stamps.LastActivity + TimeSpan.FromSeconds(5), record.Stamps.LastActivity + TimeSpan.FromSeconds(9));

        Assert.Empty(await store.TouchAsync(new SessionTouch[] { new(record.Id, new(late, early, default, late), null, 1) }, default));
        Assert.Empty(await store.TouchAsync(new SessionTouch[] { new(record.Id, new(early, late, early, early), null, 1) }, default));

        var now = await store.LoadAsync(SessionKey.OfId(record.Id), default);
        Assert.Equal(new SessionStamps(late, late, early, late), now!.Stamps);
        Assert.Equal(1, now.Version);
    }

    [Fact]
    public async Task Touch_OfWhatMovedOn_OrHasEnded_TellsTheRecord()
    {
        await using var store = await StartAsync();
        var (changed, ended) = (await AddAsync(store), await AddAsync(store));
        await store.CommitAsync(new(changed with { User = "bob" }, 1, null), default);
        await store.CommitAsync(new(ended with { EndReason = SessionEndReason.Revoked, EndedAt = TimeSpan.FromHours(30) }, 1, null), default);
        var stamps = changed.Stamps with { LastSignal = TimeSpan.FromHours(40) };

        var moved = await store.TouchAsync(
            new SessionTouch[] { new(changed.Id, stamps, null, 1), new(ended.Id, stamps, null, 1), new("AAAAAAAAAAA", stamps, null, 1) },
            default);

        Assert.Equal(new[] { changed.Id, ended.Id }.Order(StringComparer.Ordinal), moved.Select(static record => record.Id).Order(StringComparer.Ordinal));
        Assert.Equal(stamps.LastSignal, moved.Single(record => record.Id == changed.Id).Stamps.LastSignal);
        Assert.NotEqual(stamps.LastSignal, moved.Single(record => record.Id == ended.Id).Stamps.LastSignal);
    }

    [Fact]
    public async Task Touch_OnAnOlderVersion_DoesNotPutOffADeadlineThatWasBroughtNearer()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store, due: 100);
        await store.CommitAsync(new(record with { DueAt = TimeSpan.FromHours(30) }, 1, null), default);

        await store.TouchAsync(new SessionTouch[] { new(record.Id, record.Stamps, TimeSpan.FromHours(200), 1) }, default);

        Assert.Single(await store.TakeDueAsync(new(TimeSpan.FromHours(30), 10, null), default));
    }

    [Fact]
    public async Task TakeDue_GivesWhatIsDue_APageAtATime()
    {
        await using var store = await StartAsync();
        var due = new List<string>();
        for (var hours = 1; hours <= 10; hours++)
        {
            var record = await AddAsync(store, due: hours);
            if (hours <= 7)
            {
                due.Add(record.Id);
            }
        }

        var taken = new List<string>();
        for (string? after = null; await store.TakeDueAsync(new(TimeSpan.FromHours(7), 3, after), default) is { Count: > 0 } page; after = taken[^1])
        {
            Assert.True(page.Count <= 3);
            taken.AddRange(page.Select(static record => record.Id));
        }

        Assert.Equal(due.Order(StringComparer.Ordinal), taken);
    }

    [Fact]
    public async Task TakeDue_HeedsTheDueMomentOfATouch()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store, due: 30);
        await store.TouchAsync(new SessionTouch[] { new(record.Id, record.Stamps, TimeSpan.FromHours(50), 1) }, default);

        Assert.Empty(await store.TakeDueAsync(new(TimeSpan.FromHours(49), 10, null), default));
        Assert.Single(await store.TakeDueAsync(new(TimeSpan.FromHours(50), 10, null), default));
    }

    [Fact]
    public async Task ListAndCount_GiveTheLivingOnesThatMatch()
    {
        await using var store = await StartAsync();
        var (ada, bob, nobody) = (await AddAsync(store), await AddAsync(store, user: "bob", browser: "bbbbbbbbbbA"), await AddAsync(store, user: null, browser: null));

        Assert.Equal(Ids(ada, bob, nobody), await ListAsync(store, default));
        Assert.Equal(Ids(ada), await ListAsync(store, new(User: "ada")));
        Assert.Equal(Ids(bob), await ListAsync(store, new(BrowserId: "bbbbbbbbbbA")));
        Assert.Empty(await ListAsync(store, new(User: "ada", BrowserId: "bbbbbbbbbbA")));
        Assert.Equal((3L, 1L), (await store.CountAsync(default, default), await store.CountAsync(new(User: "bob"), default)));
    }

    [Fact]
    public async Task Listen_TellsOfCommits()
    {
        await using var store = await StartAsync();
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await using var news = store.ListenAsync(stop.Token).GetAsyncEnumerator();
        var record = await AddAsync(store);
        await store.CommitAsync(new(record with { EndReason = SessionEndReason.Exited, EndedAt = TimeSpan.FromHours(30) }, 1, null), default);

        Assert.True(await news.MoveNextAsync());
        Assert.Equal(new SessionNotice(record.Id, 1, false), news.Current);
        Assert.True(await news.MoveNextAsync());
        Assert.Equal(new SessionNotice(record.Id, 2, true), news.Current);
    }

    [Fact]
    public async Task Trim_ForgetsWhatEndedBefore()
    {
        await using var store = await StartAsync();
        var (old, young, living) = (await AddAsync(store), await AddAsync(store), await AddAsync(store));
        await store.CommitAsync(new(old with { EndReason = SessionEndReason.Exited, EndedAt = TimeSpan.FromHours(30) }, 1, null), default);
        await store.CommitAsync(new(young with { EndReason = SessionEndReason.Exited, EndedAt = TimeSpan.FromHours(31) }, 1, null), default);

        Assert.Equal(1, await store.TrimAsync(TimeSpan.FromHours(31), default));
        Assert.Null(await store.LoadAsync(SessionKey.OfId(old.Id), default));
        Assert.NotNull(await store.LoadAsync(SessionKey.OfId(young.Id), default));
        Assert.NotNull(await store.LoadAsync(SessionKey.OfId(living.Id), default));
    }

    [Fact]
    public async Task Commit_OfManyAtOnceOnOneVersion_HasOneWinner()
    {
        await using var store = await StartAsync();
        var record = await AddAsync(store);

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(one => Task.Run(
            async () => await store.CommitAsync(new(record with { User = $"user {one}" }, 1, null), default))));

        Assert.Single(answers, static answer => answer.IsCommitted);
        Assert.Equal(2, (await store.LoadAsync(SessionKey.OfId(record.Id), default))!.Version);
    }

    [Fact]
    public async Task Start_TellsAMomentThatGoesOn()
    {
        await using var store = await CreateAsync();

        Assert.True((await store.StartAsync(default)).Now > TimeSpan.Zero);
    }

    /// <summary>An empty store that has not been started.</summary>
    internal abstract ValueTask<ISessionBackingStore> CreateAsync();

    private static SessionRecord NewRecord(string? user = "ada", string? browser = "aaaaaaaaaaA", double due = 24)
    {
        var number = Interlocked.Increment(ref s_last);
        var at = TimeSpan.FromHours(24);
        return new()
        {
            Id = $"s{number:D9}A",
            Secrets = [new($"{number:D42}A", null), new($"{number:D42}B", TimeSpan.FromHours(25))],
            StartedAt = at,
            Stamps = new(at, at + TimeSpan.FromTicks(1), default, at),
            RaisedAt = at,
            RaisedTimeout = TimeSpan.FromMinutes(20),
            RaiseNumber = 3,
            Occurrence = 2,
            ArmedAt = at,
            SelfDestructAt = at + TimeSpan.FromSeconds(10),
            IsConfirmed = true,
            SessionTimeout = TimeSpan.FromMinutes(3),
            AbsoluteTimeout = TimeSpan.FromDays(2),
            BrowserHash = browser is null ? null : new('h', 43),
            BrowserId = browser,
            User = user,
            Pages = [new("page-1", "", at, null, false), new("page-2", "tab", at, at + TimeSpan.FromSeconds(5), true)],
            DueAt = TimeSpan.FromHours(due),
        };
    }

    private static async Task<SessionRecord> AddAsync(
        ISessionBackingStore store,
        string? user = "ada",
        string? browser = "aaaaaaaaaaA",
        double due = 24) => (await store.CommitAsync(new(NewRecord(user, browser, due), 0, null), default)).Current!;

    private static async Task<List<string>> ListAsync(ISessionBackingStore store, SessionRecordFilter filter)
    {
        var ids = new List<string>();
        await foreach (var record in store.ListAsync(filter, default))
        {
            ids.Add(record.Id);
        }

        return ids;
    }

    private static List<string> Ids(params SessionRecord[] records) => [.. records.Select(static record => record.Id).Order(StringComparer.Ordinal)];

    /// <summary>Records compare their lists by reference.</summary>
    private static void AssertSame(SessionRecord expected, SessionRecord? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.Secrets, actual.Secrets);
        Assert.Equal(expected.Pages, actual.Pages);
        Assert.Equal(expected, actual with { Secrets = expected.Secrets, Pages = expected.Pages });
    }

    private async Task<ISessionBackingStore> StartAsync()
    {
        var store = await CreateAsync();
        await store.StartAsync(default);
        return store;
    }
}
