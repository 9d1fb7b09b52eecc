namespace SessionLifetime.Cluster.Tests.Storage;

/// <content>Tokens, values, lists, what is forgotten, and news.</content>
public abstract partial class BackingStoreContract
{
    [Fact]
    public async Task Token_WorksOnce()
    {
        var token = await PutAsync(1);

        var taken = await Store.TakeTokenAsync(token.Hash, isPeek: false, Stop);

        Assert.Equal(token.Data.ToArray(), taken!.Data.ToArray());
        Assert.Equal(token, taken with { Data = token.Data });
        Assert.Null(await Store.TakeTokenAsync(token.Hash, isPeek: false, Stop));
        Assert.Null(await Store.TakeTokenAsync(token.Hash, isPeek: true, Stop));
    }

    [Fact]
    public async Task Token_ThatIsPeekedAt_WorksOn()
    {
        var token = await PutAsync(1);

        Assert.NotNull(await Store.TakeTokenAsync(token.Hash, isPeek: true, Stop));
        Assert.NotNull(await Store.TakeTokenAsync(token.Hash, isPeek: false, Stop));
    }

    [Fact]
    public async Task Token_ThatHasExpired_DoesNotWork()
    {
        var (soon, late) = (await PutAsync(1), await PutAsync(1.5));
        await ServeAsync(1);

        Assert.Null(await Store.TakeTokenAsync(soon.Hash, isPeek: true, Stop));
        Assert.Null(await Store.TakeTokenAsync(soon.Hash, isPeek: false, Stop));
        Assert.NotNull(await Store.TakeTokenAsync(late.Hash, isPeek: false, Stop));
    }

    [Fact]
    public async Task Token_IsNotForgottenBeforeItExpires()
    {
        var (soon, late) = (await PutAsync(1), await PutAsync(3));
        await ServeAsync(1);
        await Store.TrimAsync(Begin, Stop);

        Assert.Null(await Store.TakeTokenAsync(soon.Hash, isPeek: false, Stop));
        Assert.NotNull(await Store.TakeTokenAsync(late.Hash, isPeek: false, Stop));
    }

    [Fact]
    public async Task Values_AreReadAsTheyWereWritten_WithVersions()
    {
        var (one, other) = (await AddAsync(), await AddAsync());
        Assert.Empty(await Store.ReadValuesAsync(one.Id, Stop));
        Assert.Empty(await Store.WriteValuesAsync(one.Id, [new("a", [1, 0, 255]), new("ä b:\"{}", [])], Stop));
        Assert.Empty(await Store.WriteValuesAsync(one.Id, [new("a", [2])], Stop));

        var values = await ValuesAsync(one.Id);

        Assert.Equal(["a", "ä b:\"{}"], values.Keys.Order(StringComparer.Ordinal));
        AssertValue(2, [2], values["a"]);
        AssertValue(1, [], values["ä b:\"{}"]);
        Assert.Empty(await Store.ReadValuesAsync(other.Id, Stop));
    }

    [Fact]
    public async Task Values_WhereOneStandsAgainst_NoneIsWritten()
    {
        var record = await AddAsync();
        await Store.WriteValuesAsync(record.Id, [new("a", [1]), new("b", [1])], Stop);
        await Store.WriteValuesAsync(record.Id, [new("b", [2])], Stop);

        var against = Assert.Single(await Store.WriteValuesAsync(record.Id, [new("a", [9], 1), new("b", [9], 1), new("c", [9], 0), new("d", [9])], Stop));

        Assert.Equal("b", against.Key);
        AssertValue(2, [2], against);
        var values = await ValuesAsync(record.Id);
        Assert.Equal(["a", "b"], values.Keys.Order(StringComparer.Ordinal));
        Assert.Equal([1], values["a"].Data!);
    }

    [Fact]
    public async Task Values_OnTheExpectedVersions_AreWritten()
    {
        var record = await AddAsync();
        Assert.Empty(await Store.WriteValuesAsync(record.Id, [new("a", [1], 0)], Stop));
        Assert.Empty(await Store.WriteValuesAsync(record.Id, [new("a", [2], 1), new("b", [1], 0)], Stop));

        Assert.Equal(2, Assert.Single(await Store.WriteValuesAsync(record.Id, [new("a", [3], 0)], Stop)).Version);
        Assert.Equal(2, (await ValuesAsync(record.Id))["a"].Version);
    }

    [Fact]
    public async Task Values_ThatAreRemoved_AreNotThere()
    {
        var record = await AddAsync();
        await Store.WriteValuesAsync(record.Id, [new("a", [1]), new("b", [1])], Stop);
        Assert.Single(await Store.WriteValuesAsync(record.Id, [new("a", null, 7)], Stop));
        Assert.Empty(await Store.WriteValuesAsync(record.Id, [new("a", null, 1), new("b", null), new("c", null)], Stop));

        Assert.Empty(await Store.ReadValuesAsync(record.Id, Stop));
        var against = Assert.Single(await Store.WriteValuesAsync(record.Id, [new("a", [9], 1)], Stop));
        Assert.Equal(("a", 0L, (byte[]?)null), (against.Key, against.Version, against.Data));
        Assert.Empty(await Store.WriteValuesAsync(record.Id, [new("a", [9], 0)], Stop));
    }

    [Fact]
    public async Task List_GivesTheLivingOnesInTheOrderOfTheirIds()
    {
        string[] ids = ["aaaaaaaaaaA", "Aaaaaaaaaaa", "_aaaaaaaaaA", "-aaaaaaaaaA", "0aaaaaaaaaA", "Zaaaaaaaaaa", "zaaaaaaaaaA", "a_aaaaaaaaA", "a-aaaaaaaaA"];
        foreach (var id in ids)
        {
            await WriteAsync(NewRecord(id: id), 0);
        }

        var order = ids.Order(StringComparer.Ordinal).ToList();
        Assert.Equal(order, await ListAsync());
        Assert.Equal(order.Skip(4), await ListAsync(new(After: order[3])));
        Assert.Empty(await ListAsync(new(After: order[^1])));
        Assert.Equal(order, await ListAsync(new(After: "")));
    }

    [Fact]
    public async Task List_OfManySessions_GivesEachOnce()
    {
        var records = Enumerable.Range(0, 1200).Select(_ => NewRecord()).ToArray();
        await Store.CommitAsync(Array.ConvertAll(records, static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);

        Assert.Equal(Ids(records), await ListAsync());
        Assert.Equal(Ids(records), await ListAsync(new(User: "ada")));
    }

    [Fact]
    public async Task ListAndCount_GiveTheLivingOnesThatMatch()
    {
        var (ada, bob, nobody, ended) = (await AddAsync(), await AddAsync("bob", "bbbbbbbbbbA"), await AddAsync(null, null), await AddAsync());
        await WriteAsync(Ended(ended), 1);

        Assert.Equal(Ids(ada, bob, nobody), await ListAsync());
        Assert.Equal(Ids(ada), await ListAsync(new(User: "ada")));
        Assert.Equal(Ids(bob), await ListAsync(new(BrowserId: "bbbbbbbbbbA")));
        Assert.Equal(Ids(bob), await ListAsync(new("bob", "bbbbbbbbbbA")));
        Assert.Empty(await ListAsync(new("ada", "bbbbbbbbbbA")));
        Assert.Equal(
            (3, 1, 1, 0),
            (await Store.CountAsync(default, Stop), await Store.CountAsync(new("bob"), Stop), await Store.CountAsync(new(BrowserId: "aaaaaaaaaaA"), Stop),
                await Store.CountAsync(new("ada", "bbbbbbbbbbA"), Stop)));
    }

    [Fact]
    public async Task ListAndCount_FindAUser_HoweverLongTheNameIs()
    {
        var start = string.Concat(Enumerable.Range(0, 300).Select(static _ => Guid.NewGuid().ToString("N")));
        var (one, other, odd) = (await AddAsync(start + "a"), await AddAsync(start + "b"), await AddAsync("\u001b\u0001 ä \ud83d\ude00 ' \" \\ %"));

        AssertSame(one, await LoadAsync(one.Id));
        AssertSame(odd, await LoadAsync(odd.Id));
        Assert.Equal(Ids(one), await ListAsync(new(User: one.User)));
        Assert.Equal(Ids(other), await ListAsync(new(User: other.User)));
        Assert.Equal(Ids(odd), await ListAsync(new(User: odd.User)));
        Assert.Equal((1, 0), (await Store.CountAsync(new(User: one.User), Stop), await Store.CountAsync(new(User: start), Stop)));
        await WriteAsync(Ended(one), 1);
        Assert.Empty(await ListAsync(new(User: one.User)));
    }

    [Fact]
    public async Task ListAndCount_FollowASessionToItsNewUser()
    {
        var record = await AddAsync();
        await WriteAsync(Next(record) with { BrowserId = "cccccccccc_" }, 1);

        Assert.Empty(await ListAsync(new(User: "ada")));
        Assert.Equal(Ids(record), await ListAsync(new("bob", "cccccccccc_")));
        Assert.Equal((0, 1), (await Store.CountAsync(new(BrowserId: "aaaaaaaaaaA"), Stop), await Store.CountAsync(new("bob"), Stop)));
    }

    [Fact]
    public async Task Trim_ForgetsWhatEndedBefore_WithItsSecretsAndValues()
    {
        var (old, young, living) = (await AddAsync(), await AddAsync(), await AddAsync());
        foreach (var record in new[] { old, young, living })
        {
            await Store.WriteValuesAsync(record.Id, [new("a", [1])], Stop);
        }

        await WriteAsync(Ended(old, -2), 1);
        await WriteAsync(Ended(young, -1), 1);

        Assert.Equal(1, await Store.TrimAsync(Begin - s_hour, Stop));
        Assert.Null(await LoadAsync(old.Id));
        Assert.Null(await Store.LoadAsync(SessionRecordKey.OfSecret(old.SecretHashes[0]), Stop));
        Assert.Empty(await Store.ReadValuesAsync(old.Id, Stop));
        Assert.NotNull(await LoadAsync(young.Id));
        Assert.Single(await Store.ReadValuesAsync(young.Id, Stop));
        Assert.NotNull(await Store.LoadAsync(SessionRecordKey.OfSecret(living.SecretHashes[0]), Stop));
        Assert.Equal(1, (await BeatAsync()).Sessions);
    }

    [Fact]
    public async Task Trim_ForgetsAllInTheEnd()
    {
        var records = Enumerable.Range(0, 1200).Select(_ => Ended(NewRecord(), -2)).ToArray();
        await Store.CommitAsync(Array.ConvertAll(records, static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);
        var (count, more) = (0, 0);
        do
        {
            count += more = await Store.TrimAsync(Begin, Stop);
        }
        while (more > 0);

        Assert.Equal(1200, count);
        Assert.Null(await LoadAsync(records[1199].Id));
    }

    [Fact]
    public async Task Trim_KeepsWhatHasEventsWaiting()
    {
        var record = await AddAsync();
        await WriteAsync(Ended(record, -2), 1, N1, Event(record, 128));
        Assert.Equal(0, await Store.TrimAsync(Begin, Stop));
        await CompleteAsync(Assert.Single(await TakeAsync(N1)));

        Assert.Equal(1, await Store.TrimAsync(Begin, Stop));
        Assert.Equal(0, await Store.TrimAsync(Begin, Stop));
    }

    [Fact]
    public async Task Listen_TellsOfCommits()
    {
        var record = await AddAsync();
        await AssertNewsAsync(
            () => CommitAsync(Ended(record), 1),
            notice => notice.Change is { } change && change.Id == record.Id && change is { Version: 2, IsEnded: true });
    }

    [Fact]
    public async Task Listen_TellsThatTheLastEventWasDelivered()
    {
        var record = await AddAsync();
        await WriteAsync(Ended(record), 1, N1, Event(record, 128));
        var taken = Assert.Single(await TakeAsync(N1));
        await AssertNewsAsync(
            async () => await CompleteAsync(taken),
            notice => notice.Change is { } change && change.Id == record.Id && change is { Version: 2, IsEnded: true, IsTold: true });
    }

    [Fact]
    public Task Listen_TellsThatHeartbeatsAreAskedFor() =>
        AssertNewsAsync(async () => await Store.AskForHeartbeatsAsync(Stop), static notice => notice.Change is null);

    private static void AssertValue(long version, byte[] data, StoredValue actual)
    {
        Assert.Equal(version, actual.Version);
        Assert.Equal(data, actual.Data);
    }

    private protected async Task<StoredToken> PutAsync(double hours)
    {
        var token = new StoredToken(Hash(Interlocked.Increment(ref s_last), 'T'), "s00000000xA", Begin + TimeSpan.FromHours(hours), new byte[] { 0, 255, 3 });
        await Store.PutTokenAsync(token, Stop);
        return token;
    }

    private async Task<Dictionary<string, StoredValue>> ValuesAsync(string id) =>
        (await Store.ReadValuesAsync(id, Stop)).ToDictionary(static value => value.Key, StringComparer.Ordinal);

    /// <summary>
    /// Listens, and then does something until it is heard of. Listening begins some time after it is asked for: heartbeats are asked for until one is heard of.
    /// </summary>
    private async Task AssertNewsAsync(Func<Task> act, Func<SessionNotice, bool> isHeard)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var (listens, isDone) = (new TaskCompletionSource(), 0);
        var heard = Task.Run(
            async () =>
            {
                await foreach (var notice in Store.ListenAsync(stop.Token))
                {
                    listens.TrySetResult();
                    if (Volatile.Read(ref isDone) == 1 && isHeard(notice))
                    {
                        return true;
                    }
                }

                return false;
            },
            Stop);
        if (!GivesNews)
        {
            await act();
            await stop.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => heard);
            return;
        }

        while (await Task.WhenAny(listens.Task, Task.Delay(20, Stop)) != listens.Task)
        {
            await Store.AskForHeartbeatsAsync(Stop);
        }

        Volatile.Write(ref isDone, 1);
        await act();
        Assert.True(await heard.WaitAsync(TimeSpan.FromMinutes(1), Stop));
        await stop.CancelAsync();
    }
}
