namespace SessionLifetime.Cluster.Tests.Storage;

/// <content>The outbox.</content>
public abstract partial class BackingStoreContract
{
    [Fact]
    public async Task Events_OfASessionWithoutHome_GoToTheCommitter()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var record = await AddAsync();
        var raised = Event(record, 128, "timeout \"ä\"");
        await WriteAsync(Next(record), 1, N2, raised);

        Assert.Empty(await TakeAsync(N1));
        var taken = Assert.Single(await TakeAsync(N2));
        Assert.Equal(raised.Payload.ToArray(), taken.Payload.ToArray());
        Assert.Equal(raised with { Attempt = 1, Payload = taken.Payload }, taken);
    }

    [Fact]
    public async Task Events_OfOtherKinds_AreLeftToOthers_ButGivenToTheirAddressee()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var (one, other) = (await AddAsync(), await AddAsync());
        await WriteAsync(Next(one), 1, N1, Event(one, 128, "new"), Event(one, 129, "exit"));
        await WriteAsync(Next(other), 1, N1, Event(other, 128, "exit"));
        var old = new EventTake(N1, 10, false) { Kinds = ["exit", "timeout"] };

        // Addressed to it: given whatever it is. It gives back what it does not know.
        var taken = await Store.TakeEventsAsync(old, Stop);
        Assert.Equal(["exit", "new"], taken.Select(static one => one.Kind).Order(StringComparer.Ordinal));
        await CompleteAsync(taken.Single(static one => one.Kind == "new"), isDelivered: false);
        await CompleteAsync(taken.Single(static one => one.Kind == "exit"), isDelivered: false);

        Assert.Equal(("exit", 2), (await Store.TakeEventsAsync(old, Stop)).Select(static one => (one.Kind, one.Attempt)).Single());
        Assert.Empty(await Store.TakeEventsAsync(old with { Node = N2, Kinds = [] }, Stop));
        var found = Assert.Single(await TakeAsync(N2));
        Assert.Equal(("new", 2), (found.Kind, found.Attempt));
        await CompleteAsync(found);
        Assert.Equal("exit", Assert.Single(await Store.TakeEventsAsync(old, Stop)).Kind);
    }

    [Fact]
    public async Task Events_OfManySessions_AreGivenOnceEach_AlsoThoseOfANodeThatIsGone()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var records = Enumerable.Range(0, 200).Select(_ => NewRecord()).ToArray();
        await Store.CommitAsync(
            Array.ConvertAll(records, static record => new SessionCommit(record, 0) { Committer = N2, Events = [Event(record, 64), Event(record, 65, "second")] }), Stop);
        Assert.Empty(await TakeAsync(N1, 1000));
        Assert.Equal(50, (await TakeAsync(N2, 50)).Count);
        await Store.StopAsync(N2, Stop);

        var taken = new List<OutboxEvent>();
        for (IReadOnlyList<OutboxEvent> some = [new("", 0, "", default)]; some.Count > 0; taken.AddRange(some))
        {
            some = await TakeAsync(N1, 60);
        }

        Assert.Equal(Ids(records), taken.Select(static one => one.SessionId).Order(StringComparer.Ordinal));
        Assert.Equal(50, taken.Count(static one => one.Attempt == 2));
        await Store.CompleteEventsAsync(taken.ConvertAll(static one => new EventResult(one.SessionId, one.Sequence, one.Attempt, true)), Stop);
        await Store.StartAsync(StartOf(N3), Stop);
        Assert.Empty(await TakeAsync(N1, 0));

        // Those of the node that is gone are free for whoever comes first.
        var rest = await TakeAsync(N3, 1000);
        Assert.Equal(200, rest.Count);
        Assert.All(rest, static one => Assert.Equal("second", one.Kind));
    }

    [Fact]
    public async Task Events_GoToTheHomeBeforeTheCommit_WhereItIsLive()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        await Store.StartAsync(StartOf(N3), Stop);
        var record = await AddAsync(home: N2);
        await WriteAsync(Next(record) with { Home = N3 }, 1, N1, Event(record, 128));

        Assert.Empty(await TakeAsync(N1));
        Assert.Empty(await TakeAsync(N3));
        Assert.Single(await TakeAsync(N2));
    }

    [Fact]
    public async Task Events_OfASessionWhoseHomeIsGone_GoToTheCommitter()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        await Store.StartAsync(StartOf(N3), Stop);
        var record = await AddAsync(home: N2);
        await Store.StopAsync(N2, Stop);
        await WriteAsync(Next(record), 1, N3, Event(record, 128));

        Assert.Empty(await TakeAsync(N1));
        Assert.Single(await TakeAsync(N3));
    }

    [Fact]
    public async Task Events_OfANewSession_GoToTheCommitter()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var record = NewRecord(home: N2);
        await WriteAsync(record, 0, N1, Event(record, 64));

        Assert.Empty(await TakeAsync(N2));
        Assert.Single(await TakeAsync(N1));
    }

    [Fact]
    public async Task Events_OfOneSession_AreGivenOneAfterTheOther()
    {
        var (record, other) = (await AddAsync(), await AddAsync());
        await WriteAsync(Next(record), 1, N1, Event(record, 128, "a"), Event(record, 129, "b"));
        await WriteAsync(Ended(record), 2, N1, Event(record, 192, "c"));
        await WriteAsync(Ended(other), 1, N1, Event(other, 128, "d"));

        var first = await TakeAsync(N1);
        Assert.Equal(["a", "d"], first.Select(static one => one.Kind).Order(StringComparer.Ordinal));
        Assert.Empty(await TakeAsync(N1));
        await CompleteAsync(first.Single(static one => one.Kind == "a"));
        var second = Assert.Single(await TakeAsync(N1));
        await CompleteAsync(second);
        Assert.Equal(("b", "c"), (second.Kind, Assert.Single(await TakeAsync(N1)).Kind));
    }

    [Fact]
    public async Task Events_ThatTheNodeHasTaken_AreGivenAgainWhenItAsks_AsTheSameAttempt()
    {
        var record = await AddAsync();
        await WriteAsync(Next(record), 1, N1, Event(record, 128));
        var taken = Assert.Single(await TakeAsync(N1));

        var again = Assert.Single(await TakeAsync(N1, again: true));

        Assert.Equal((taken.Sequence, 1), (again.Sequence, again.Attempt));
        Assert.Empty(await TakeAsync(N1));
    }

    [Fact]
    public async Task Events_OfANodeThatSignedOff_AreFree_AndTheirAttemptsAreCounted()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var (taken, waiting) = (await AddAsync(), await AddAsync());
        await WriteAsync(Next(taken), 1, N2, Event(taken, 128));
        Assert.Single(await TakeAsync(N2));
        await WriteAsync(Next(waiting), 1, N2, Event(waiting, 128));
        Assert.Empty(await TakeAsync(N1, again: true));

        await Store.StopAsync(N2, Stop);

        Assert.Equal(
            new[] { (taken.Id, 2), (waiting.Id, 1) }.Order(), (await TakeAsync(N1)).Select(static one => (one.SessionId, one.Attempt)).Order());
    }

    [Fact]
    public async Task Events_OfANodeThatIsNotLiveAnyMore_AreFree()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var record = await AddAsync();
        await WriteAsync(Next(record), 1, N2, Event(record, 128));
        Assert.Single(await TakeAsync(N2));

        await ServeAsync(4);
        Assert.Empty(await TakeAsync(N1));
        await ServeAsync(2);

        Assert.Equal(2, Assert.Single(await TakeAsync(N1)).Attempt);
    }

    [Fact]
    public async Task Events_GivenBack_AreFreeForAnyNode()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var record = await AddAsync();
        await WriteAsync(Next(record), 1, N1, Event(record, 128), Event(record, 129));

        await CompleteAsync(Assert.Single(await TakeAsync(N1)), isDelivered: false);

        var again = Assert.Single(await TakeAsync(N2));
        Assert.Equal((128, 2), (again.Sequence, again.Attempt));
        Assert.Empty(await TakeAsync(N1, again: true));
    }

    [Fact]
    public async Task Events_CompletedByAnOlderAttempt_StayWithTheNewerOne()
    {
        await Store.StartAsync(StartOf(N2), Stop);
        var record = await AddAsync();
        await WriteAsync(Next(record), 1, N1, Event(record, 128));
        var old = Assert.Single(await TakeAsync(N1));
        await Store.StopAsync(N1, Stop);
        var current = Assert.Single(await TakeAsync(N2));

        await CompleteAsync(old);
        await CompleteAsync(old, isDelivered: false);

        Assert.Equal(2, Assert.Single(await TakeAsync(N2, again: true)).Attempt);
        await CompleteAsync(current);
        await CompleteAsync(current);
        Assert.Empty(await TakeAsync(N2, again: true));
    }

    [Fact]
    public async Task Events_WhenTheLastIsDelivered_TheChangesSaySo()
    {
        var record = await AddAsync();
        await WriteAsync(Ended(record), 1, N1, Event(record, 128), Event(record, 129));
        var waiting = await BeatAsync();
        Assert.Equal([new CommittedChange(record.Id, 2, true, false)], waiting.Changes.Where(change => change.Version == 2));
        await CompleteAsync(Assert.Single(await TakeAsync(N1)));
        await CompleteAsync(Assert.Single(await TakeAsync(N1)));

        var told = await BeatAsync(cursor: waiting.Cursor);

        Assert.Contains(new CommittedChange(record.Id, 2, true, true), told.Changes);
    }

    [Fact]
    public async Task Events_OfACommitWithoutAny_AreTold()
    {
        var record = await AddAsync();

        Assert.Contains(new CommittedChange(record.Id, 1, false, true), (await BeatAsync()).Changes);
    }

    [Fact]
    public async Task Events_NoMoreAreTakenThanAskedFor()
    {
        for (var one = 0; one < 7; one++)
        {
            var record = await AddAsync();
            await WriteAsync(Next(record), 1, N1, Event(record, 128));
        }

        var taken = new[] { await TakeAsync(N1, 3), await TakeAsync(N1, 3), await TakeAsync(N1, 3) };
        Assert.Equal([3, 3, 1], taken.Select(static some => some.Count));
        Assert.Equal(7, taken.SelectMany(static some => some).Select(static one => one.SessionId).Distinct().Count());
    }

    [Fact]
    public async Task Events_OfARefusedCommit_AreNotWritten()
    {
        var record = await AddAsync();
        await CommitAsync(Next(record), 9, null, N1, Event(record, 128));
        await Store.CommitAsync([new(Next(record), 1) { Committer = N1, NotBefore = Begin + s_hour, Events = [Event(record, 128)] }], Stop);

        Assert.Empty(await TakeAsync(N1));
        Assert.Contains(new CommittedChange(record.Id, 1, false, true), (await BeatAsync()).Changes);
    }
}
