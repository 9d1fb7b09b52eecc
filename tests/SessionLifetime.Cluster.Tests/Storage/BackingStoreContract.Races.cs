namespace SessionLifetime.Cluster.Tests.Storage;

/// <content>Many at once, and the store after a restart.</content>
public abstract partial class BackingStoreContract
{
    [Fact]
    public async Task Race_OfCommitsOnOneVersion_HasOneWinner()
    {
        var record = await AddAsync();

        var answers = await AtOnceAsync(8, one => CommitAsync(Next(record, $"user {one}"), 1, null, N1, Event(record, 128, $"{one}")));

        var winner = Assert.Single(answers, static answer => answer.Status == CommitStatus.Written);
        var now = await LoadAsync(record.Id);
        Assert.Equal((2, winner.Current!.User), (now!.Version, now.User));
        Assert.Equal(now.User, "user " + Assert.Single(await TakeAsync(N1)).Kind);
    }

    [Fact]
    public async Task Race_OfNewSessionsWithOneId_HasOneWinner()
    {
        var record = NewRecord();

        var answers = await AtOnceAsync(8, one => CommitAsync(record with { Writer = $"w:{one}", SecretHashes = [Hash(one + (1000 * s_last), 'R')] }, 0));

        var winner = Assert.Single(answers, static answer => answer.Status == CommitStatus.Written);
        Assert.All(answers, answer => Assert.Equal(winner.Current!.Writer, answer.Current!.Writer));
        Assert.Equal(1, (await BeatAsync()).Sessions);
    }

    [Fact]
    public async Task Race_OfTheSameCommit_IsWrittenOnce()
    {
        var record = await AddAsync();
        var next = Next(record);

        var answers = await AtOnceAsync(8, _ => CommitAsync(next, 1, record.Stamps, N1, Event(record, 128)));

        Assert.All(answers, static answer => Assert.Equal((CommitStatus.Written, 2), (answer.Status, answer.Current!.Version)));
        await CompleteAsync(Assert.Single(await TakeAsync(N1)));
        Assert.Empty(await TakeAsync(N1));
    }

    [Fact]
    public async Task Race_OfTouchesAndCommitsInAnyOrder_LosesNothing()
    {
        var records = Enumerable.Range(0, 20).Select(_ => NewRecord()).ToList();
        await Store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);

        var written = await AtOnceAsync(8, async one =>
        {
            var random = new Random(one);
            var commits = 0;
            for (var round = 0; round < 10; round++)
            {
                var some = records.ToArray();
                random.Shuffle(some);
                if (one % 2 == 0)
                {
                    await Store.TouchAsync(
                        Array.ConvertAll(some, record => new SessionTouch(record.Id, 1, LastArrival: new(TimeSpan.Zero, Begin - s_second + TimeSpan.FromTicks((one * 10) + round + 1)))), Stop);
                    continue;
                }

                var seen = (await Store.LoadAsync(SessionRecordKey.OfId(some[0].Id), Stop))!.Version;
                commits += (await Store.CommitAsync(
                    Array.ConvertAll(some, record => new SessionCommit(Next(record), seen) { Committer = N1 }), Stop)).Count(static answer => answer.Status == CommitStatus.Written);
            }

            return commits;
        });

        var now = new List<SessionRecord>();
        foreach (var record in records)
        {
            now.Add((await LoadAsync(record.Id))!);
        }

        Assert.All(now, record => Assert.Equal(Begin - s_second + TimeSpan.FromTicks(70), record.Stamps.LastArrival));
        Assert.Equal(written.Sum(), now.Sum(static record => record.Version - 1));
    }

    [Fact]
    public async Task Race_OfTakingEvents_GivesEachToOne()
    {
        string[] nodes = [N1, N2, N3];
        await Store.StartAsync(StartOf(N2), Stop);
        await Store.StartAsync(StartOf(N3), Stop);
        await Store.StartAsync(StartOf("gone"), Stop);
        var records = Enumerable.Range(0, 60).Select(_ => NewRecord()).ToList();
        await Store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = "gone", Events = [Event(record, 64), Event(record, 65)] }), Stop);
        await Store.StopAsync("gone", Stop);

        var taken = await AtOnceAsync(6, async one =>
        {
            var mine = new List<OutboxEvent>();
            for (var round = 0; round < 10; round++)
            {
                mine.AddRange(await TakeAsync(nodes[one % 3], 7));
            }

            return mine;
        });
        var all = taken.SelectMany(static some => some).Concat(await TakeAsync(N1, 100)).ToList();

        Assert.Equal(Ids([.. records]), all.Select(static one => one.SessionId).Order(StringComparer.Ordinal));
        Assert.All(all, static one => Assert.Equal((64, 1), (one.Sequence, one.Attempt)));
    }

    [Fact]
    public async Task Race_OfTakingAToken_HasOneWinner()
    {
        var token = await PutAsync(1);

        var taken = await AtOnceAsync(8, async _ => await Store.TakeTokenAsync(token.Hash, isPeek: false, Stop));

        Assert.Single(taken, static one => one is not null);
    }

    [Fact]
    public async Task Race_OfWritingAValueOnOneVersion_HasOneWinner()
    {
        var record = await AddAsync();
        for (var version = 0; version < 3; version++)
        {
            var answers = await AtOnceAsync(8, async one => await Store.WriteValuesAsync(record.Id, [new("a", [(byte)one], version), new($"own{one}", [1])], Stop));

            var winner = Assert.Single(Enumerable.Range(0, 8), one => answers[one].Count == 0);
            var values = await ValuesAsync(record.Id);
            AssertValue(version + 1, [(byte)winner], values["a"]);
        }
    }

    [Fact]
    public async Task Race_OfWritingValuesOfDifferentKeys_KeepsAll()
    {
        var record = await AddAsync();

        await AtOnceAsync(8, async one => await Store.WriteValuesAsync(record.Id, [new($"key{one}", [1]), new("last", [(byte)one])], Stop));

        var values = await ValuesAsync(record.Id);
        Assert.Equal(9, values.Count);
        Assert.Equal(8, values["last"].Version);
    }

    [Fact]
    public async Task Race_OfTakingWhatIsDue_GivesEachToOne()
    {
        var records = Enumerable.Range(0, 60).Select(_ => NewRecord(due: -1)).ToList();
        await Store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);

        var taken = await AtOnceAsync(6, async _ => await DueAsync(20, 1));

        Assert.Equal(Ids([.. records]), taken.SelectMany(static some => some).Concat(await DueAsync(60, 1)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Restart_OfTheStore_LosesNothing()
    {
        var (record, end) = (await AddAsync(due: -1), await AddAsync());
        await WriteAsync(Ended(end), 1, N1, Event(end, 128));
        await Store.WriteValuesAsync(record.Id, [new("a", [1])], Stop);
        var token = await PutAsync(3);
        var before = await BeatAsync(watermark: 1);
        await Store.DisposeAsync();
        Time.Advance(TimeSpan.FromHours(30));

        Store = await OpenAsync();
        var start = await Store.StartAsync(StartOf(N2), Stop);

        AssertAbout(before.Now.Store + TimeSpan.FromHours(30), start.Now.Store);
        AssertAbout(before.Now.Service + s_lead, start.Now.Service);
        AssertSame(record, await Store.LoadAsync(SessionRecordKey.OfSecret(record.SecretHashes[1]), Stop));
        Assert.Equal(Ids(record), await DueAsync());
        Assert.Single(await Store.ReadValuesAsync(record.Id, Stop));
        Assert.NotNull(await Store.TakeTokenAsync(token.Hash, isPeek: false, Stop));
        var answer = await BeatAsync(N2, cursor: before.Cursor);
        Assert.True(answer.Cursor >= before.Cursor);
        Assert.Equal(1, answer.Sessions);
        Assert.Equal(Begin + s_hour, answer.Nodes.Single(static node => node.Node == N1).Watermark);
        await Store.StopAsync(N1, Stop);
        Assert.Equal(end.Id, Assert.Single(await TakeAsync(N2)).SessionId);
    }

    private static async Task<T[]> AtOnceAsync<T>(int many, Func<int, Task<T>> act)
    {
        using var start = new Barrier(many);
        return await Task.WhenAll(Enumerable.Range(0, many).Select(one => Task.Factory.StartNew(
            () =>
            {
                start.SignalAndWait(TimeSpan.FromMinutes(1));
                return act(one);
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default).Unwrap()));
    }
}
