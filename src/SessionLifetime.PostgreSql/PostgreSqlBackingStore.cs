using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Npgsql;
using static SessionLifetime.PostgreSql.PostgreSqlRows;

namespace SessionLifetime.PostgreSql;

/// <summary>Sessions in PostgreSQL: one row a session, batches as arrays, one round trip a call.</summary>
internal sealed class PostgreSqlBackingStore : ISessionBackingStore
{
    private const int PageSize = 500;

    /// <summary>At a time, so that nobody waits for it.</summary>
    private const long MostForgotten = 1000;

    private readonly NpgsqlDataSource _database;
    private readonly bool _ownsDataSource;
    private readonly PostgreSqlStatements _sql;
    private readonly PostgreSqlStart _start;
    private readonly PostgreSqlNews _news;
    private readonly PostgreSqlCommits _commits;
    private readonly PostgreSqlCursors _cursors = new();
    private readonly string _schema;
    private readonly CancellationTokenSource _disposed = new();

    /// <param name="database">The database.</param>
    /// <param name="ownsDataSource">Whether it is disposed with the store.</param>
    /// <param name="options">How it is used.</param>
    /// <param name="time">Measures pauses.</param>
    public PostgreSqlBackingStore(NpgsqlDataSource database, bool ownsDataSource, PostgreSqlStoreOptions options, TimeProvider time)
    {
        (_database, _ownsDataSource, _schema, _sql) = (database, ownsDataSource, options.Schema, new(options.Schema));
        _start = new(database, options, _sql);
        _news = new(database, options.Schema, time);
        _commits = new(database, _sql, options.Schema, () => Offset);
    }

    /// <summary>How far the clock of the server is ahead, for tests: they move it so.</summary>
    internal Func<TimeSpan> ClockOffset { get; init; } = static () => TimeSpan.Zero;

    private long Offset => ClockOffset().Ticks;

    public async ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken)
    {
        await _start.PrepareAsync(cancellationToken);
        var (now, cursor) = (default(StoreTime), 0L);
        await RunAsync(
            _database,
            [
                (Command(_sql.Serve, Offset, node.Lead.Ticks), null),
                (Command(_sql.Settings, node.Settings.ToArray()), null),
                (Command(_sql.Register, Offset, node.Node, node.LiveFor.Ticks), null),
                (Command(_sql.Now, Offset), reader => (now, cursor) = (Now(reader), _cursors.Remember(reader.GetInt64(2), reader.GetFieldValue<long[]>(5)))),
            ],
            cancellationToken);
        return new(now, cursor, await _news.IsHeardAsync(cancellationToken)
            ? []
            : [
                "Notices sent with NOTIFY do not arrive (a connection pooler in transaction mode?): what other nodes decide is heard of with the next heartbeat "
                + "only. Connect to PostgreSQL directly, or use the pooler's session mode.",
            ]);
    }

    public ValueTask StopAsync(string node, CancellationToken cancellationToken) => RunAsync(_database, [(Command(_sql.SignOff, node), null)], cancellationToken);

    public async ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken)
    {
        var answer = new HeartbeatAnswer(default, [], [], 0, 0, default);
        var (nodes, changes) = (new List<LiveNode>(), new List<CommittedChange>());
        var (first, open) = _cursors.Since(beat.Cursor);
        await RunAsync(
            _database,
            [
                (Command(_sql.Serve, Offset, beat.Lead.Ticks), null),
                (Command(_sql.Beat, Offset, beat.Node, beat.LiveFor.Ticks, beat.Watermark.Ticks), null),
                (Command(_sql.Now, Offset), reader => answer = new(
                    Now(reader), nodes, changes, _cursors.Remember(reader.GetInt64(2), reader.GetFieldValue<long[]>(5)), reader.GetInt64(3), reader.IsDBNull(4) ? default : reader.GetFieldValue<byte[]>(4))),
                (Command(_sql.Live, Offset), reader => nodes.Add(new(reader.GetString(0), new(reader.GetInt64(1))))),
                (Command(_sql.Changes, first, open),
                    reader => changes.Add(new(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2), reader.GetBoolean(3)))),
            ],
            cancellationToken);
        return answer;
    }

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) =>
        _commits.TouchAsync(touches, cancellationToken);

    public async ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken)
    {
        SessionRecord? record = null;
        await RunAsync(
            _database,
            [(key.Id is { } id ? Command(_sql.LoadById, id) : Command(_sql.LoadBySecret, key.SecretHash), reader => record = Record(reader))],
            cancellationToken,
            isPlanned: false);
        return record;
    }

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken) =>
        _commits.CommitAsync(commits, cancellationToken);

    public async ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken)
    {
        var due = new List<SessionRecord>();
        await RunAsync(
            _database, [(Command(_sql.TakeDue, Offset, (long)request.Most, request.Hold.Ticks, request.Overdue.Ticks), reader => due.Add(Record(reader)))], cancellationToken);
        return due;
    }

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = filter.After ?? "";
        var page = new List<SessionRecord>();
        do
        {
            page.Clear();
            await RunAsync(
                _database,
                [(Command(_sql.List(filter), filter.User, filter.BrowserId, after, (long)PageSize), reader => page.Add(Record(reader)))],
                cancellationToken);
            foreach (var record in page)
            {
                yield return record;
                after = record.Id;
            }
        }
        while (page.Count == PageSize);
    }

    public async ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken)
    {
        var count = 0L;
        await RunAsync(
            _database, [(Command(_sql.Count(filter), filter.User, filter.BrowserId, filter.After ?? ""), reader => count = reader.GetInt64(0))], cancellationToken);
        return count;
    }

    public async ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken)
    {
        var events = new List<OutboxEvent>();
        await RunAsync(
            _database,
            [
                (Command(_sql.TakeEvents, Offset, take.Node, take.IncludeTaken, (long)take.Most, take.Kinds?.ToArray()), reader => events.Add(
                    new(reader.GetString(0), reader.GetInt64(1), reader.GetString(2), reader.GetFieldValue<byte[]>(3)) { Attempt = reader.GetInt32(4) })),
            ],
            cancellationToken);
        return events;
    }

    public async ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken)
    {
        foreach (var some in results.Chunk(PostgreSqlCommits.MostTogether))
        {
            var ids = some.Select(static result => result.SessionId).Distinct(StringComparer.Ordinal).ToArray();
            var delivered = some.Where(static result => result.IsDelivered).Select(static result => result.SessionId).Distinct(StringComparer.Ordinal).ToArray();
            await RunAsync(
                _database,
                [
                    (Command(_sql.LockToCommit, [ids]), static _ => { }),
                    (Command(
                        _sql.Complete,
                        Array.ConvertAll(some, static result => result.SessionId),
                        Array.ConvertAll(some, static result => result.Sequence),
                        Array.ConvertAll(some, static result => result.Attempt),
                        Array.ConvertAll(some, static result => result.IsDelivered)), null),
                    (Command(_sql.MarkTold, [delivered]), null),
                    (Command(_sql.NotifyTold, _schema, delivered), static _ => { }),
                ],
                cancellationToken);
        }
    }

    public ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) => RunAsync(
        _database, [(Command(_sql.PutToken, token.Hash, token.SessionId, token.ExpiresAt.Ticks, token.Data.ToArray()), null)], cancellationToken);

    public async ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken)
    {
        StoredToken? token = null;
        await RunAsync(
            _database,
            [
                (Command(isPeek ? _sql.PeekToken : _sql.TakeToken, Offset, hash), reader => token = reader.GetBoolean(4)
                    ? new(reader.GetString(0), reader.GetString(1), new(reader.GetInt64(2)), reader.GetFieldValue<byte[]>(3))
                    : null),
            ],
            cancellationToken);
        return token;
    }

    public async ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken)
    {
        var values = new List<StoredValue>();
        await RunAsync(_database, [(Command(_sql.ReadValues, id), reader => values.Add(Value(reader)))], cancellationToken);
        return values;
    }

    public async ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken)
    {
        var conflicts = new List<StoredValue>();
        await RunAsync(
            _database,
            [
                (Command(_sql.LockValues, _schema, id), static _ => { }),
                (Command(
                    _sql.WriteValues,
                    id,
                    changes.Select(static change => change.Key).ToArray(),
                    changes.Select(static change => change.Data).ToArray(),
                    changes.Select(static change => change.ExpectedVersion).ToArray()), reader => conflicts.Add(Value(reader))),
            ],
            cancellationToken);
        return conflicts;
    }

    public async IAsyncEnumerable<SessionNotice> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        var notices = Channel.CreateUnbounded<SessionNotice>();
        var pump = _news.PumpAsync(notices.Writer, stop.Token);
        try
        {
            await foreach (var notice in notices.Reader.ReadAllAsync(CancellationToken.None))
            {
                yield return notice;
            }
        }
        finally
        {
            await stop.CancelAsync();
            await pump;
        }
    }

    public ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) => _news.SendAsync(PostgreSqlNews.Beat, cancellationToken);

    public async ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken)
    {
        var count = 0;
        await RunAsync(
            _database,
            [
                (Command(_sql.TrimSessions, endedBefore.Ticks, MostForgotten), reader => count = reader.GetInt32(0)),
                (Command(_sql.TrimTokens, Offset, MostForgotten), null),
                (Command(_sql.TrimNodes, Offset), null),
            ],
            cancellationToken);
        return count;
    }

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        if (_ownsDataSource)
        {
            await _database.DisposeAsync();
        }
    }

    private static StoreTime Now(NpgsqlDataReader reader) => new(new(reader.GetInt64(0)), new(reader.GetInt64(1)));
}
