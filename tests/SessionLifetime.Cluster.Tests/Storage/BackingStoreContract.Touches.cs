namespace SessionLifetime.Cluster.Tests.Storage;

/// <content>Touches, and what a session is read by.</content>
public abstract partial class BackingStoreContract
{
    [Fact]
    public async Task Touch_IsPlacedByItsAge()
    {
        var record = await AddAsync();
        await ServeAsync(1);

        var answer = await TouchAsync(new(record.Id, 1, LastActivity: new(TimeSpan.FromMinutes(30), null), LastSignal: new(TimeSpan.FromMinutes(20), null)));

        Assert.Equal((1, (SessionRecord?)null), (answer.Version, answer.Moved));
        AssertAbout(Begin + TimeSpan.FromMinutes(30), answer.Stamps.LastActivity);
        AssertAbout(Begin + TimeSpan.FromMinutes(40), answer.Stamps.LastSignal);
        Assert.Equal((record.Stamps.IdleReset, record.Stamps.LastArrival), (answer.Stamps.IdleReset, answer.Stamps.LastArrival));
        AssertSame(record with { Stamps = answer.Stamps }, await LoadAsync(record.Id));
    }

    [Fact]
    public async Task Touch_ThatTellsItsMoment_IsPlacedAtTheEarlierOne()
    {
        var record = await AddAsync();
        await ServeAsync(1);
        var at = Begin + TimeSpan.FromTicks(7);

        var answer = await TouchAsync(new(
            record.Id, 1, new(TimeSpan.Zero, at), new(TimeSpan.FromMinutes(30), Begin + TimeSpan.FromHours(50)), new(TimeSpan.FromDays(999), null), new(TimeSpan.Zero, at)));

        Assert.Equal((at, at), (answer.Stamps.LastActivity, answer.Stamps.LastArrival));
        AssertAbout(Begin + TimeSpan.FromMinutes(30), answer.Stamps.LastSignal);
        Assert.Equal(TimeSpan.Zero, answer.Stamps.IdleReset);
    }

    [Fact]
    public async Task Touch_MovesEachStampForwardOnly_InAnyOrder()
    {
        var record = await AddAsync();
        await ServeAsync(1);
        var (early, late) = (new StampTouch(TimeSpan.Zero, Begin + s_second), new StampTouch(TimeSpan.Zero, Begin + (2 * s_second)));

        await TouchAsync(new(record.Id, 1, late, early, null, late));
        await TouchAsync(new(record.Id, 1, early, late, early, early));

        var now = await LoadAsync(record.Id);
        Assert.Equal(new(late.At!.Value, late.At.Value, early.At!.Value, late.At.Value), now!.Stamps);
        Assert.Equal(1, now.Version);
    }

    [Fact]
    public async Task Touch_WithoutStamps_ChangesNothing()
    {
        var record = await AddAsync(due: 4);

        Assert.Equal(new(1, record.Stamps, null), await TouchAsync(new(record.Id, 1)));
        AssertSame(record, await LoadAsync(record.Id));
    }

    [Fact]
    public async Task Touch_OfASessionThatIsNotThere_SaysSo() =>
        Assert.Equal(new(0, default, null), await TouchAsync(new("AAAAAAAAAAA", 1, new(TimeSpan.Zero, null))));

    [Fact]
    public async Task Touch_OfAnEndedSession_MovesNothing_AndTellsTheRecord()
    {
        var record = await AddAsync();
        var ended = await WriteAsync(Ended(record), 1);
        var now = new StampTouch(TimeSpan.Zero, null);

        var answer = await TouchAsync(new(record.Id, 2, now, now, now, now, Begin));

        Assert.Equal((2, record.Stamps), (answer.Version, answer.Stamps));
        AssertSame(ended, answer.Moved);
        AssertSame(ended, await LoadAsync(record.Id));
    }

    [Fact]
    public async Task Touch_OnAnotherVersion_MovesTheStamps_AndTellsTheRecord()
    {
        var record = await AddAsync();
        var changed = await WriteAsync(Next(record), 1);

        var answer = await TouchAsync(new(record.Id, 1, LastSignal: new(TimeSpan.Zero, Begin)));

        Assert.Equal((2, Begin), (answer.Version, answer.Stamps.LastSignal));
        AssertSame(changed with { Stamps = answer.Stamps }, answer.Moved);
    }

    [Fact]
    public async Task Touch_MovesTheDueMoment()
    {
        var record = await AddAsync(due: -1);

        await TouchAsync(new(record.Id, 1, DueAt: Begin + TimeSpan.FromHours(4)));

        Assert.Equal(Begin + TimeSpan.FromHours(4), (await LoadAsync(record.Id))!.DueAt);
        Assert.Empty(await DueAsync());
        await ServeAsync(4);
        Assert.Equal([record.Id], await DueAsync());
    }

    [Fact]
    public async Task Touch_OnAnotherVersion_LeavesTheDueMoment()
    {
        var record = await AddAsync(due: 9);
        await WriteAsync(Next(record) with { DueAt = Begin - s_second }, 1);

        await TouchAsync(new(record.Id, 1, DueAt: Begin + TimeSpan.FromHours(99)));

        Assert.Equal([record.Id], await DueAsync());
    }

    [Fact]
    public async Task Touch_OfMany_AnswersInTheirOrder()
    {
        var records = Enumerable.Range(0, 300).Select(_ => NewRecord()).ToList();
        await Store.CommitAsync(records.ConvertAll(static record => new SessionCommit(record, 0) { Committer = N1 }), Stop);
        var touches = records.Select((record, index) => new SessionTouch(record.Id, 1, LastArrival: new(TimeSpan.Zero, Begin - TimeSpan.FromTicks(index)))).ToList();
        touches.Insert(100, new("BBBBBBBBBBB", 1, LastArrival: new(TimeSpan.Zero, Begin)));
        touches.Reverse();

        var answers = await Store.TouchAsync(touches, Stop);

        Assert.Equal(touches.Count, answers.Count);
        Assert.All(touches.Zip(answers), static one => Assert.Equal(
            one.First.Id == "BBBBBBBBBBB" ? default : one.First.LastArrival!.Value.At!.Value, one.Second.Stamps.LastArrival));
    }

    [Fact]
    public async Task Load_ByEverySecret_LeadsToTheSession()
    {
        var record = NewRecord();
        record = await WriteAsync(record with { SecretHashes = [.. Enumerable.Range(0, 10).Select(one => Hash((100 * s_last) + one, '-'))] }, 0);

        foreach (var hash in record.SecretHashes)
        {
            AssertSame(record, await Store.LoadAsync(SessionRecordKey.OfSecret(hash), Stop));
        }
    }

    [Fact]
    public async Task Load_BySecretsThatWereDropped_LeadsNowhere()
    {
        var record = await AddAsync();
        var number = Interlocked.Increment(ref s_last);
        var rotated = await WriteAsync(Next(record) with { SecretHashes = [Hash(number), record.SecretHashes[0]] }, 1);

        AssertSame(rotated, await Store.LoadAsync(SessionRecordKey.OfSecret(Hash(number)), Stop));
        AssertSame(rotated, await Store.LoadAsync(SessionRecordKey.OfSecret(record.SecretHashes[0]), Stop));
        Assert.Null(await Store.LoadAsync(SessionRecordKey.OfSecret(record.SecretHashes[1]), Stop));
    }

    [Fact]
    public async Task Load_BySecretsOfARefusedCommit_LeadsNowhere()
    {
        var record = await AddAsync();
        var number = Interlocked.Increment(ref s_last);
        await CommitAsync(Next(record) with { SecretHashes = [Hash(number)] }, 7);

        Assert.Null(await Store.LoadAsync(SessionRecordKey.OfSecret(Hash(number)), Stop));
        AssertSame(record, await Store.LoadAsync(SessionRecordKey.OfSecret(record.SecretHashes[1]), Stop));
    }

    [Fact]
    public async Task Load_WhatIsNotThere_GivesNothing()
    {
        Assert.Null(await LoadAsync("AAAAAAAAAAA"));
        Assert.Null(await Store.LoadAsync(SessionRecordKey.OfSecret(new('A', 43)), Stop));
    }
}
