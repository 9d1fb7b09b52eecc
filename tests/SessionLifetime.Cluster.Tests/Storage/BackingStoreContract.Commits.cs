namespace SessionLifetime.Cluster.Tests.Storage;

/// <content>Commits.</content>
public abstract partial class BackingStoreContract
{
    [Fact]
    public async Task Commit_ANewSession_IsThereAsItWasWritten()
    {
        var record = NewRecord(due: 3, home: N2) with { AbsoluteAt = Begin + TimeSpan.FromTicks(1234567), User = "Ädä \"'\\, \t{}" };

        var answer = await CommitAsync(record, 0);

        Assert.Equal(CommitStatus.Written, answer.Status);
        AssertSame(record with { Version = 1 }, answer.Current);
        AssertSame(record with { Version = 1 }, await LoadAsync(record.Id));
    }

    [Fact]
    public async Task Commit_ANewSessionOfWhichLittleIsKnown_IsThereAsItWasWritten()
    {
        var record = NewRecord(user: null, browser: null) with { State = ReadOnlyMemory<byte>.Empty, Stamps = default, SecretHashes = [Hash(1, '_')] };

        AssertSame(record with { Version = 1 }, await WriteAsync(record, 0));
        AssertSame(record with { Version = 1 }, await LoadAsync(record.Id));
    }

    [Fact]
    public async Task Commit_AnEmptyUser_IsNotNoUser()
    {
        var record = await AddAsync(user: "");

        Assert.Equal("", (await LoadAsync(record.Id))!.User);
    }

    [Fact]
    public async Task Commit_ALargeState_IsThereAsItWasWritten()
    {
        var state = new byte[300_000];
        new Random(1).NextBytes(state);
        var record = await WriteAsync(NewRecord() with { State = state }, 0);

        Assert.Equal(state, (await LoadAsync(record.Id))!.State.ToArray());
    }

    [Fact]
    public async Task Commit_AChange_ReplacesAllButTheStamps()
    {
        var record = await AddAsync(due: 3, home: N2);
        var next = Next(record, "bob") with
        {
            BrowserId = "bbbbbbbbbbA", Home = null, DueAt = null, AbsoluteAt = Begin + s_hour, State = new byte[] { 9 }, Stamps = record.Stamps with { LastSignal = Begin },
        };

        AssertSame(next with { Version = 2 }, await WriteAsync(next, 1));
        AssertSame(next with { Version = 2 }, await LoadAsync(record.Id));
    }

    [Fact]
    public async Task Commit_ANewSessionTwice_IsRefusedTheSecondTime()
    {
        var record = await AddAsync();

        var again = await CommitAsync(Next(record, "eve"), 0);

        Assert.Equal(CommitStatus.Moved, again.Status);
        Assert.Equal("ada", again.Current!.User);
    }

    [Fact]
    public async Task Commit_OnAnOlderVersion_IsRefusedAndTellsTheCurrentOne()
    {
        var record = await AddAsync();
        await WriteAsync(Next(record), 1);

        var late = await CommitAsync(Next(record, "eve"), 1);

        Assert.Equal(CommitStatus.Moved, late.Status);
        Assert.Equal(("bob", 2), (late.Current!.User, late.Current.Version));
    }

    [Fact]
    public async Task Commit_OfASessionThatIsNotThere_IsRefused() =>
        Assert.Equal(new CommitAnswer(CommitStatus.Moved, null), await CommitAsync(NewRecord(), 1));

    [Fact]
    public async Task Commit_OnOlderStamps_IsRefused()
    {
        var record = await AddAsync();
        for (var stamp = 0; stamp < 4; stamp++)
        {
            var seen = (await LoadAsync(record.Id))!.Stamps;
            var at = new StampTouch(TimeSpan.FromSeconds(0), Begin + TimeSpan.FromTicks(stamp));
            await TouchAsync(new(record.Id, 1, stamp == 0 ? at : null, stamp == 1 ? at : null, stamp == 2 ? at : null, stamp == 3 ? at : null));

            var answer = await CommitAsync(Next(record), 1, seen);

            Assert.Equal((CommitStatus.Moved, 1), (answer.Status, answer.Current!.Version));
            Assert.NotEqual(seen, answer.Current.Stamps);
        }
    }

    [Fact]
    public async Task Commit_WithoutStamps_StandsWhateverTouchesCame()
    {
        var record = await AddAsync();
        await TouchAsync(new(record.Id, 1, LastActivity: new(TimeSpan.Zero, Begin)));

        var answer = await CommitAsync(Next(record), 1);

        Assert.Equal(CommitStatus.Written, answer.Status);
        Assert.Equal(record.Stamps with { LastActivity = Begin }, answer.Current!.Stamps);
    }

    [Fact]
    public async Task Commit_OnTheStoresOrNewerStamps_IsWritten()
    {
        var record = await AddAsync();
        await WriteAsync(Next(record), 1);
        Assert.Equal(CommitStatus.Written, (await CommitAsync(Next(record), 2, record.Stamps)).Status);
        Assert.Equal(CommitStatus.Written, (await CommitAsync(Next(record), 3, record.Stamps with { LastActivity = Begin })).Status);
    }

    [Fact]
    public async Task Commit_BeforeItsServiceTime_IsTooEarly()
    {
        var record = await AddAsync();
        SessionCommit Later(double hours) => new(Next(record), 1) { Committer = N1, NotBefore = Begin + TimeSpan.FromHours(hours) };

        var early = Assert.Single(await Store.CommitAsync([Later(1)], Stop));
        Assert.Equal((CommitStatus.TooEarly, 1), (early.Status, early.Current!.Version));
        await ServeAsync(1);
        Assert.Equal(CommitStatus.Written, Assert.Single(await Store.CommitAsync([Later(1)], Stop)).Status);
    }

    [Fact]
    public async Task Commit_BeforeItsServiceTime_IsTooEarly_AlsoWhereTheStoresTimeHasPassedIt()
    {
        var record = await AddAsync();
        Time.Advance(TimeSpan.FromHours(9));

        var early = await Store.CommitAsync([new(Next(record), 1) { Committer = N1, NotBefore = Begin + TimeSpan.FromHours(3) }], Stop);

        Assert.Equal(CommitStatus.TooEarly, Assert.Single(early).Status);
    }

    [Fact]
    public async Task Commit_BeforeItsStoreTime_IsTooEarly_AndServiceTimeDoesNotMatter()
    {
        var record = await AddAsync();
        var at = (await BeatAsync()).Now.Store + TimeSpan.FromHours(9);
        SessionCommit Absolute() => new(Next(record), 1) { Committer = N1, NotBeforeStoreTime = at };

        Assert.Equal(CommitStatus.TooEarly, Assert.Single(await Store.CommitAsync([Absolute()], Stop)).Status);
        Time.Advance(TimeSpan.FromHours(9));
        Assert.Equal(CommitStatus.Written, Assert.Single(await Store.CommitAsync([Absolute()], Stop)).Status);
    }

    [Fact]
    public async Task Commit_TooEarlyOfASessionThatMovedOn_IsRefusedForThat()
    {
        var record = await AddAsync();
        await WriteAsync(Next(record), 1);

        var answers = await Store.CommitAsync([new(Next(record), 1) { Committer = N1, NotBefore = Begin + s_hour }], Stop);

        Assert.Equal(CommitStatus.Moved, Assert.Single(answers).Status);
    }

    [Fact]
    public async Task Commit_TriedAgain_IsWrittenOnce()
    {
        var record = NewRecord();
        await WriteAsync(record, 0);
        Assert.Equal(1, (await WriteAsync(record, 0)).Version);
        var next = Next(record);
        await WriteAsync(next, 1, N1, Event(record, 64));

        var again = await CommitAsync(next, 1, record.Stamps, N1, Event(record, 64));

        Assert.Equal((CommitStatus.Written, 2), (again.Status, again.Current!.Version));
        await CompleteAsync(Assert.Single(await TakeAsync(N1)));
        Assert.Empty(await TakeAsync(N1));
    }

    [Fact]
    public async Task Commit_AnEndTriedAgain_IsWritten()
    {
        var record = await AddAsync();
        var end = Ended(record);
        await WriteAsync(end, 1);

        Assert.Equal(2, (await WriteAsync(end, 1)).Version);
    }

    [Fact]
    public async Task Commit_TriedAgainAfterAnother_IsRefused()
    {
        var record = await AddAsync();
        var next = Next(record);
        await WriteAsync(next, 1);
        await WriteAsync(Next(record), 2);

        Assert.Equal(CommitStatus.Moved, (await CommitAsync(next, 1)).Status);
    }

    [Fact]
    public async Task Commit_StampsPastServiceTime_AreTakenBackToIt()
    {
        var late = Begin + TimeSpan.FromHours(100);
        var record = await WriteAsync(NewRecord() with { Stamps = new(late, late, late, late) }, 0);
        var changed = await WriteAsync(Next(record) with { Stamps = new(late, late, late, late) }, 1);

        Assert.All(new[] { record.Stamps, changed.Stamps }, stamps => Assert.All(
            new[] { stamps.LastActivity, stamps.LastSignal, stamps.IdleReset, stamps.LastArrival }, stamp => AssertAbout(Begin, stamp)));
    }

    [Fact]
    public async Task Commit_EarlierStamps_TakeNoneBack()
    {
        var record = await AddAsync();

        Assert.Equal(record.Stamps, (await WriteAsync(Next(record) with { Stamps = default }, 1)).Stamps);
    }

    [Fact]
    public async Task Commit_AnEnd_LeavesTheSessionReadableAndTakesNoMore()
    {
        var record = await AddAsync(due: -1);
        var end = Ended(record) with { EndReason = SessionEndReason.Displaced };
        await WriteAsync(end, 1);

        Assert.Equal(CommitStatus.Moved, (await CommitAsync(Next(record), 2)).Status);
        AssertSame(end with { Version = 2 }, await Store.LoadAsync(SessionRecordKey.OfSecret(record.SecretHashes[0]), Stop));
        Assert.Equal(0, await Store.CountAsync(default, Stop));
        Assert.Empty(await ListAsync());
    }

    [Fact]
    public async Task Commit_OfMany_DecidesEachOnItsOwn_AndAnswersInTheirOrder()
    {
        var (moved, early, good) = (await AddAsync(), await AddAsync(), await AddAsync());
        var (fresh, missing) = (NewRecord(), NewRecord());
        await WriteAsync(Next(moved), 1);

        var answers = await Store.CommitAsync(
            [
                new(fresh, 0) { Committer = N1 },
                new(Next(good), 1) { Committer = N1, ExpectedStamps = good.Stamps },
                new(Next(moved), 1) { Committer = N1 },
                new(missing, 4) { Committer = N1 },
                new(Next(early), 1) { Committer = N1, NotBefore = Begin + s_hour },
            ],
            Stop);

        Assert.Equal(
            [CommitStatus.Written, CommitStatus.Written, CommitStatus.Moved, CommitStatus.Moved, CommitStatus.TooEarly],
            answers.Select(static answer => answer.Status));
        Assert.Equal([fresh.Id, good.Id, moved.Id, null, early.Id], answers.Select(static answer => answer.Current?.Id));
        Assert.Equal([1, 2, 2, null, 1], answers.Select(static answer => answer.Current?.Version));
    }

    [Fact]
    public async Task Commit_OfHundreds_WritesThemAll()
    {
        var records = Enumerable.Range(0, 300).Select(_ => NewRecord()).ToList();
        await Store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);

        var ends = await Store.CommitAsync(
            records.ConvertAll(record => new SessionCommit(Ended(record), 1) { Committer = N1, Events = [Event(record, 128), Event(record, 129)] }), Stop);

        Assert.Equal(records.ConvertAll(static record => (record.Id, 2L)), ends.Select(static end => (end.Current!.Id, end.Current.Version)));
        Assert.Equal(300, (await TakeAsync(N1, 1000)).Count);
        Assert.Equal(0, (await BeatAsync()).Sessions);
    }

    [Fact]
    public async Task Commit_OfNone_AnswersNothing()
    {
        Assert.Empty(await Store.CommitAsync([], Stop));
        Assert.Empty(await Store.TouchAsync([], Stop));
        await Store.CompleteEventsAsync([], Stop);
        Assert.Empty(await Store.WriteValuesAsync("AAAAAAAAAAA", [], Stop));
    }
}
