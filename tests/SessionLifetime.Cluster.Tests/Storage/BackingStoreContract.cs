namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>
/// What every backing store has to do. A store's tests derive from this, and add nothing to pass it. The clock of the store is moved by hours, so that
/// the seconds a busy machine needs do not matter.
/// </summary>
public abstract partial class BackingStoreContract : IAsyncLifetime
{
    private protected const string N1 = "node-1";
    private protected const string N2 = "node_2";
    private protected const string N3 = "Node3";

    private static readonly TimeSpan s_lead = TimeSpan.FromHours(2);
    private static readonly TimeSpan s_liveFor = TimeSpan.FromHours(5);
    private static readonly TimeSpan s_hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private static int s_last;

    private long _cursor;

    /// <summary>Whether the store gives news as they happen. One that does not gives none, and nothing else differs.</summary>
    protected virtual bool GivesNews => true;

    /// <summary>Moves the clock of the store.</summary>
    private protected MovableTime Time { get; } = new();

    /// <summary>The store, with <see cref="N1"/> started.</summary>
    private protected ISessionBackingStore Store { get; private set; } = null!;

    private protected static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Service time when <see cref="N1"/> started.</summary>
    private protected TimeSpan Begin { get; private set; }

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await PrepareAsync();
        Store = await OpenAsync();
        var start = await Store.StartAsync(StartOf(N1), Stop);
        Assert.Empty(start.Warnings);
        (Begin, _cursor) = (start.Now.Service, start.Cursor);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Store is not null)
        {
            await Store.DisposeAsync();
        }

        await RemoveAsync();
        GC.SuppressFinalize(this);
    }

    /// <summary>A store over the data of this test, by the clock of this test; not started.</summary>
    internal abstract ValueTask<ISessionBackingStore> OpenAsync();

    /// <summary>Makes the place of this test's data.</summary>
    internal virtual ValueTask PrepareAsync() => default;

    /// <summary>Removes this test's data.</summary>
    internal virtual ValueTask RemoveAsync() => default;

    private protected static NodeStart StartOf(string node, string settings = "") =>
        new(node, s_lead, s_liveFor, System.Text.Encoding.UTF8.GetBytes(settings));

    private protected static string Hash(int number, char last = 'A') => $"{number:D42}{last}";

    private protected SessionRecord NewRecord(
        string? user = "ada", string? browser = "aaaaaaaaaaA", double? due = null, string? home = null, string? id = null)
    {
        var number = Interlocked.Increment(ref s_last);
        return new()
        {
            Id = id ?? $"s{number:D9}A",
            SecretHashes = [Hash(number), Hash(number, 'B')],
            Stamps = new(Begin - s_hour, Begin - s_hour + TimeSpan.FromTicks(1), TimeSpan.Zero, Begin - s_second),
            DueAt = due is { } hours ? Begin + TimeSpan.FromHours(hours) : null,
            BrowserId = browser,
            User = user,
            Home = home,
            Writer = $"{N1}:{number}",
            State = new byte[] { 0, 1, 255, (byte)number },
        };
    }

    private protected static SessionRecord Next(SessionRecord record, string? user = "bob") =>
        record with { User = user, Writer = $"{N1}:{Interlocked.Increment(ref s_last)}" };

    private protected SessionRecord Ended(SessionRecord record, double at = 0) =>
        Next(record, record.User) with { EndReason = SessionEndReason.Exited, EndedAt = Begin + TimeSpan.FromHours(at), DueAt = null, AbsoluteAt = null };

    private protected async Task<CommitAnswer> CommitAsync(
        SessionRecord next, long expected, SessionStamps? stamps = null, string committer = N1, params OutboxEvent[] events) =>
        Assert.Single(await Store.CommitAsync([new(next, expected) { Committer = committer, ExpectedStamps = stamps, Events = events }], Stop));

    private protected async Task<SessionRecord> WriteAsync(SessionRecord next, long expected, string committer = N1, params OutboxEvent[] events)
    {
        var answer = await CommitAsync(next, expected, null, committer, events);
        Assert.Equal(CommitStatus.Written, answer.Status);
        return answer.Current!;
    }

    private protected Task<SessionRecord> AddAsync(
        string? user = "ada", string? browser = "aaaaaaaaaaA", double? due = null, string? home = null) => WriteAsync(NewRecord(user, browser, due, home), 0);

    private protected ValueTask<SessionRecord?> LoadAsync(string id) => Store.LoadAsync(SessionRecordKey.OfId(id), Stop);

    private protected async Task<TouchResult> TouchAsync(SessionTouch touch) => Assert.Single(await Store.TouchAsync([touch], Stop));

    private protected ValueTask<HeartbeatAnswer> BeatAsync(string node = N1, double watermark = 0, double lead = 2, long? cursor = null) => Store.HeartbeatAsync(
        new(node, Begin + TimeSpan.FromHours(watermark), TimeSpan.FromHours(lead), s_liveFor, cursor ?? _cursor), Stop);

    /// <summary>Moves the clock with a heartbeat each hour, so that service time goes on.</summary>
    private protected async Task<HeartbeatAnswer> ServeAsync(double hours)
    {
        for (; hours > 1; hours--)
        {
            Time.Advance(s_hour);
            await BeatAsync();
        }

        Time.Advance(TimeSpan.FromHours(hours));
        return await BeatAsync();
    }

    private protected static OutboxEvent Event(SessionRecord record, long sequence, string kind = "exit") => new(record.Id, sequence, kind, new byte[] { 7, 0, 255 });

    private protected async Task<IReadOnlyList<OutboxEvent>> TakeAsync(string node, int most = 10, bool again = false) =>
        await Store.TakeEventsAsync(new(node, most, again), Stop);

    private protected ValueTask CompleteAsync(OutboxEvent taken, bool isDelivered = true) =>
        Store.CompleteEventsAsync([new(taken.SessionId, taken.Sequence, taken.Attempt, isDelivered)], Stop);

    private protected async Task<List<string>> DueAsync(int most = 10, double hold = 0) =>
        [.. (await Store.TakeDueAsync(new(most, TimeSpan.FromHours(hold)), Stop)).Select(static record => record.Id).Order(StringComparer.Ordinal)];

    private protected async Task<List<string>> ListAsync(SessionRecordFilter filter = default)
    {
        var ids = new List<string>();
        await foreach (var record in Store.ListAsync(filter, Stop))
        {
            ids.Add(record.Id);
        }

        return ids;
    }

    private protected static string[] Ids(params SessionRecord[] records) => [.. records.Select(static record => record.Id).Order(StringComparer.Ordinal)];

    /// <summary>A moment that came when it was expected, give or take what the steps of the test and of the store needed.</summary>
    private protected static void AssertAbout(TimeSpan expected, TimeSpan actual) =>
        Assert.InRange(actual, expected - TimeSpan.FromSeconds(10), expected + TimeSpan.FromMinutes(5));

    /// <summary>Records compare their lists by reference.</summary>
    private protected static void AssertSame(SessionRecord expected, SessionRecord? actual)
    {
        Assert.NotNull(actual);
        Assert.Equal(expected.SecretHashes, actual.SecretHashes);
        Assert.Equal(expected.State.ToArray(), actual.State.ToArray());
        Assert.Equal(expected, actual with { SecretHashes = expected.SecretHashes, State = expected.State });
    }
}
