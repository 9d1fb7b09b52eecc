namespace SessionLifetime.Cluster.Tests.Storage;

/// <content>Clocks, nodes, heartbeats, and what comes due.</content>
public abstract partial class BackingStoreContract
{
    [Fact]
    public async Task Time_IsAfterItsOrigin_AndGoesOn()
    {
        Assert.True(Begin >= TimeSpan.FromHours(2), "A moment of the recent past is positive, too.");
        var first = (await BeatAsync()).Now;
        Time.Advance(s_hour);

        var second = (await BeatAsync()).Now;

        AssertAbout(first.Store + s_hour, second.Store);
        AssertAbout(first.Service + s_hour, second.Service);
    }

    [Fact]
    public async Task ServiceTime_StandsStillWithoutHeartbeats_AndGoesOnWithTheNext()
    {
        var before = (await BeatAsync()).Now;
        Time.Advance(TimeSpan.FromHours(50));

        var after = (await BeatAsync()).Now;
        AssertAbout(before.Store + TimeSpan.FromHours(50), after.Store);
        AssertAbout(before.Service + s_lead, after.Service);
        Time.Advance(s_hour);
        AssertAbout(after.Service + s_hour, (await BeatAsync()).Now.Service);
    }

    [Fact]
    public async Task Time_GoesOn_WhenTheClockIsPutBack()
    {
        Time.Advance(s_hour);
        var before = (await BeatAsync()).Now;
        Time.Advance(TimeSpan.FromHours(-10));
        var first = (await BeatAsync()).Now;
        Time.Advance(s_hour);

        var second = (await BeatAsync()).Now;
        AssertAbout(before.Store, first.Store);
        AssertAbout(first.Store + s_hour, second.Store);
        AssertAbout(first.Service + s_hour, second.Service);
        Time.Advance(s_hour);
        AssertAbout(second.Service + s_hour, (await BeatAsync(N2)).Now.Service);
    }

    [Fact]
    public async Task ServiceTime_GoesOnForTheLeadOfTheLastHeartbeat()
    {
        await BeatAsync(lead: 20);
        Time.Advance(TimeSpan.FromHours(10));
        AssertAbout(Begin + TimeSpan.FromHours(10), (await BeatAsync(lead: 1)).Now.Service);
        Time.Advance(TimeSpan.FromHours(10));

        AssertAbout(Begin + TimeSpan.FromHours(11), (await BeatAsync()).Now.Service);
    }

    [Fact]
    public async Task ServiceTime_AStartCountsAsAHeartbeat()
    {
        Time.Advance(TimeSpan.FromHours(50));
        var start = await Store.StartAsync(StartOf(N2), Stop);
        AssertAbout(Begin + s_lead, start.Now.Service);
        Time.Advance(s_hour);

        AssertAbout(start.Now.Service + s_hour, (await BeatAsync()).Now.Service);
    }

    [Fact]
    public async Task Nodes_AreLiveForAsLongAsTheySaid_InServiceTime()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        Assert.Equal([N1, N2], await LiveAsync());
        await ServeAsync(4);
        Assert.Equal([N1, N2], await LiveAsync());
        await ServeAsync(2);
        Assert.Equal([N1], await LiveAsync());

        await BeatAsync(N2);
        Assert.Equal([N1, N2], await LiveAsync());
    }

    [Fact]
    public async Task Nodes_StayLive_WhileServiceTimeStandsStill()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        Time.Advance(TimeSpan.FromHours(500));

        Assert.Equal([N1, N2], await LiveAsync());
    }

    [Fact]
    public async Task Nodes_ThatSignedOff_AreNotLive()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        await Store.StopAsync(N2, Stop);
        await Store.StopAsync("never-there", Stop);

        Assert.Equal([N1], await LiveAsync());
    }

    [Fact]
    public async Task Watermarks_NeverGoBack()
    {
        AssertAbout(Begin, Assert.Single((await BeatAsync(watermark: -1)).Nodes).Watermark);
        Assert.Equal(Begin + s_hour, Assert.Single((await BeatAsync(watermark: 1)).Nodes).Watermark);
        Assert.Equal(Begin + s_hour, Assert.Single((await BeatAsync(watermark: 0.5)).Nodes).Watermark);
    }

    [Fact]
    public async Task Watermarks_OfANewNode_AreItsStart()
    {
        await ServeAsync(1);
        await Store.StartAsync(StartOf(N2), Stop);

        AssertAbout(Begin + s_hour, (await BeatAsync()).Nodes.Single(static node => node.Node == N2).Watermark);
    }

    [Fact]
    public async Task Settings_AreThoseOfTheNodeThatStartedLast()
    {
        await Store.StartAsync(StartOf(N2, "second"), Stop);
        Assert.Equal("second", System.Text.Encoding.UTF8.GetString((await BeatAsync()).Settings.Span));
        await Store.StartAsync(StartOf(N3, "third"), Stop);

        Assert.Equal("third", System.Text.Encoding.UTF8.GetString((await BeatAsync(N2)).Settings.Span));
    }

    [Fact]
    public async Task Heartbeat_CountsTheLivingSessions()
    {
        var (record, _, _) = (await AddAsync(), await AddAsync(), await AddAsync());
        Assert.Equal(3, (await BeatAsync()).Sessions);
        await WriteAsync(Ended(record), 1);
        await CommitAsync(NewRecord(), 3);

        Assert.Equal(2, (await BeatAsync()).Sessions);
    }

    [Fact]
    public async Task Changes_AreThoseSinceTheCursor_AndTouchesAreNone()
    {
        var (changed, ended, touched) = (await AddAsync(), await AddAsync(), await AddAsync());
        var first = await BeatAsync();
        Assert.Equal(Ids(changed, ended, touched), first.Changes.Select(static change => change.Id).Distinct().Order(StringComparer.Ordinal));
        Assert.True(first.Cursor >= _cursor);
        await WriteAsync(Next(changed), 1);
        await WriteAsync(Ended(ended), 1);
        await TouchAsync(new(touched.Id, 1, new(TimeSpan.Zero, null)));

        var second = (await BeatAsync(cursor: first.Cursor)).Changes;

        Assert.Contains(new CommittedChange(changed.Id, 2, false, true), second);
        Assert.Contains(new CommittedChange(ended.Id, 2, true, true), second);
        Assert.DoesNotContain(second, change => change.Id == touched.Id && change.Version != 1);
    }

    [Fact]
    public async Task Changes_OfANewNode_BeginWithItsStart()
    {
        await AddAsync();
        var start = await Store.StartAsync(StartOf(N2), Stop);
        var record = await AddAsync();

        Assert.Contains(new CommittedChange(record.Id, 1, false, true), (await BeatAsync(N2, cursor: start.Cursor)).Changes);
    }

    [Fact]
    public async Task Changes_OfManyWriters_AreNeverMissed()
    {
        var seen = new HashSet<(string, long)>();
        var writers = Enumerable.Range(0, 6).Select(_ => Task.Run(
            async () =>
            {
                var written = new List<(string, long)>();
                for (var round = 0; round < 12; round++)
                {
                    var records = Enumerable.Range(0, 1 + (round % 3 * 20)).Select(_ => NewRecord()).ToList();
                    await Store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);
                    written.AddRange(records.Select(static record => (record.Id, 1L)));
                }

                return written;
            },
            Stop)).ToList();
        var cursor = _cursor;
        async Task ReadAsync()
        {
            var answer = await BeatAsync(cursor: cursor);
            seen.UnionWith(answer.Changes.Select(static change => (change.Id, change.Version)));
            Assert.True(answer.Cursor >= cursor);
            cursor = answer.Cursor;
        }

        while (!writers.TrueForAll(static writer => writer.IsCompleted))
        {
            await ReadAsync();
        }

        await ReadAsync();
        Assert.Subset(seen, (await Task.WhenAll(writers)).SelectMany(static some => some).ToHashSet());
    }

    [Fact]
    public async Task TakeDue_GivesWhatIsDueByServiceTime()
    {
        var (now, soon, never) = (await AddAsync(due: -0.1), await AddAsync(due: 1), await AddAsync());
        Assert.Equal(Ids(now), await DueAsync());
        await ServeAsync(1);
        Assert.Equal(Ids(now, soon), await DueAsync());
        Assert.NotNull(await LoadAsync(never.Id));
    }

    [Fact]
    public async Task TakeDue_GivesTheWholeRecord()
    {
        var record = await AddAsync(due: -1, home: N2);

        AssertSame(record, Assert.Single(await Store.TakeDueAsync(new(10, s_hour), Stop)));
    }

    [Fact]
    public async Task TakeDue_HeedsTheAbsoluteTimeoutByTheStoresTime()
    {
        var record = await WriteAsync(NewRecord(due: 5) with { AbsoluteAt = (await BeatAsync()).Now.Store + TimeSpan.FromHours(10) }, 0);
        Time.Advance(TimeSpan.FromHours(9));
        Assert.Empty(await DueAsync());
        Time.Advance(s_hour);

        Assert.Equal(Ids(record), await DueAsync());
    }

    [Fact]
    public async Task TakeDue_GivesOnlyWhatIsOverdueForLongEnough()
    {
        var (late, later) = (await AddAsync(due: 0.5), await AddAsync(due: -1));
        var store = (await BeatAsync()).Now.Store;
        var absolute = await WriteAsync(NewRecord(due: 90) with { AbsoluteAt = store + (s_hour * 0.5) }, 0);
        Time.Advance(s_hour);
        var request = new DueRequest(10, s_second, Overdue: s_hour);

        Assert.Equal(Ids(later), Ids([.. await Store.TakeDueAsync(request, Stop)]));

        await ServeAsync(1);
        Assert.Equal(Ids(late, later, absolute), Ids([.. await Store.TakeDueAsync(request, Stop)]));
    }

    [Fact]
    public async Task TakeDue_DoesNotGiveThemAgainForAWhile()
    {
        var record = await AddAsync(due: -1);
        Assert.Equal(Ids(record), await DueAsync(hold: 1));
        Assert.Empty(await DueAsync(hold: 1));
        await ServeAsync(1);

        Assert.Equal(Ids(record), await DueAsync(hold: 1));
    }

    [Fact]
    public async Task TakeDue_GivesThemAgain_AfterACommitOrANewDueMoment()
    {
        var (committed, touched, plain) = (await AddAsync(due: -1), await AddAsync(due: -1), await AddAsync(due: -1));
        Assert.Equal(3, (await DueAsync(hold: 1)).Count);
        await WriteAsync(Next(committed), 1);
        await TouchAsync(new(touched.Id, 1, DueAt: Begin - s_second));
        await TouchAsync(new(plain.Id, 1, LastSignal: new(TimeSpan.Zero, null)));

        Assert.Equal(Ids(committed, touched), await DueAsync(hold: 1));
    }

    [Fact]
    public async Task TakeDue_GivesNoMoreThanAskedFor()
    {
        var due = new List<SessionRecord>();
        for (var one = 0; one < 7; one++)
        {
            due.Add(await AddAsync(due: -one));
        }

        var taken = new[] { await DueAsync(3, 1), await DueAsync(3, 1), await DueAsync(3, 1) };
        Assert.Equal([3, 3, 1], taken.Select(static some => some.Count));
        Assert.Equal(Ids([.. due]), taken.SelectMany(static some => some).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task TakeDue_LeavesOutWhatHasEnded()
    {
        var record = await AddAsync(due: -1);
        await WriteAsync(Ended(record) with { DueAt = Begin - s_hour, AbsoluteAt = TimeSpan.Zero }, 1);

        Assert.Empty(await DueAsync());
    }

    private async Task<List<string>> LiveAsync() => [.. (await BeatAsync()).Nodes.Select(static node => node.Node).Order(StringComparer.OrdinalIgnoreCase)];
}
