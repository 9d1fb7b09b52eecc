using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Microsoft.Data.Sqlite;

namespace SessionLifetime.Sqlite;

/// <summary>
/// Sessions in a SQLite file. All that writes goes through one thread, which takes what waits together into one transaction; what only reads goes
/// through two others. Processes of one machine take turns by SQLite's lock.
/// </summary>
internal sealed class SqliteBackingStore : ISessionBackingStore
{
    private const int PageSize = 500;

    private static readonly TimeSpan s_newsInterval = TimeSpan.FromMilliseconds(100);

    private readonly SqlitePlace _place;
    private readonly TimeProvider _time;
    private readonly SqliteClock _clock;
    private readonly SqliteThread _writer;
    private readonly BlockingCollection<SqliteThread.IWork> _reads = new(new ConcurrentQueue<SqliteThread.IWork>());
    private readonly SqliteThread[] _readers;
    private readonly CancellationTokenSource _disposed = new();

    /// <param name="place">The file.</param>
    /// <param name="time">The machine's time.</param>
    public SqliteBackingStore(SqlitePlace place, TimeProvider time)
    {
        (_place, _time, _clock) = (place, time, new(time));
        _writer = new("SessionLifetime.Sqlite writes", place.Open, isWriter: true);
        _readers = [.. Enumerable.Range(0, 2).Select(_ => new SqliteThread("SessionLifetime.Sqlite reads", place.Open, isWriter: false, _reads))];
    }

    public async ValueTask<StoreStart> StartAsync(NodeStart node, CancellationToken cancellationToken)
    {
        try
        {
            return await WriteAsync(
                database =>
                {
                    SqliteSchema.Ensure(database, _place.File, _clock.Machine);
                    return _clock.Start(database, node);
                },
                cancellationToken);
        }
        catch (SqliteException exception) when (_place.Explain(exception) is { } message)
        {
            throw new SessionStoreException(message, exception);
        }
    }

    public async ValueTask StopAsync(string node, CancellationToken cancellationToken) =>
        await WriteAsync(database => SqliteClock.Stop(database, node), cancellationToken);

    public ValueTask<HeartbeatAnswer> HeartbeatAsync(NodeHeartbeat beat, CancellationToken cancellationToken) =>
        WriteAsync(database => _clock.Beat(database, beat), cancellationToken);

    public ValueTask<IReadOnlyList<TouchResult>> TouchAsync(IReadOnlyList<SessionTouch> touches, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<TouchResult>>(
            database =>
            {
                var now = _clock.Now(database);
                return touches.Select(touch => SqliteSessions.Touch(database, touch, now)).ToList();
            },
            cancellationToken);

    public ValueTask<SessionRecord?> LoadAsync(SessionRecordKey key, CancellationToken cancellationToken) =>
        ReadAsync(database => SqliteSessions.Load(database, key), cancellationToken);

    public ValueTask<IReadOnlyList<CommitAnswer>> CommitAsync(IReadOnlyList<SessionCommit> commits, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<CommitAnswer>>(
            database =>
            {
                var now = _clock.Now(database);
                return commits.Select(commit => SqliteSessions.Commit(database, commit, now)).ToList();
            },
            cancellationToken);

    public ValueTask<IReadOnlyList<SessionRecord>> TakeDueAsync(DueRequest request, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<SessionRecord>>(database => SqliteSessions.TakeDue(database, request, _clock.Now(database)), cancellationToken);

    public async IAsyncEnumerable<SessionRecord> ListAsync(SessionRecordFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = filter.After ?? "";
        List<SessionRecord> page;
        do
        {
            page = await ReadAsync(database => SqliteSessions.Page(database, filter, after, PageSize), cancellationToken);
            foreach (var record in page)
            {
                yield return record;
                after = record.Id;
            }
        }
        while (page.Count == PageSize);
    }

    public ValueTask<long> CountAsync(SessionRecordFilter filter, CancellationToken cancellationToken) =>
        ReadAsync(database => SqliteSessions.Count(database, filter), cancellationToken);

    public ValueTask<IReadOnlyList<OutboxEvent>> TakeEventsAsync(EventTake take, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<OutboxEvent>>(database => SqliteEvents.Take(database, take, _clock.Now(database)), cancellationToken);

    public async ValueTask CompleteEventsAsync(IReadOnlyList<EventResult> results, CancellationToken cancellationToken) =>
        await WriteAsync(database => results.Count(result => SqliteEvents.Complete(database, result)), cancellationToken);

    public async ValueTask PutTokenAsync(StoredToken token, CancellationToken cancellationToken) =>
        await WriteAsync(database => SqliteValues.Put(database, token), cancellationToken);

    public ValueTask<StoredToken?> TakeTokenAsync(string hash, bool isPeek, CancellationToken cancellationToken)
    {
        StoredToken? Take(SqliteDatabase database) => SqliteValues.Take(database, hash, isPeek, _clock.Now(database));
        return isPeek ? ReadAsync(Take, cancellationToken) : WriteAsync(Take, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StoredValue>> ReadValuesAsync(string id, CancellationToken cancellationToken) =>
        ReadAsync<IReadOnlyList<StoredValue>>(database => SqliteValues.Read(database, id), cancellationToken);

    public ValueTask<IReadOnlyList<StoredValue>> WriteValuesAsync(string id, IReadOnlyList<ValueChange> changes, CancellationToken cancellationToken) =>
        WriteAsync<IReadOnlyList<StoredValue>>(database => SqliteValues.Write(database, id, changes), cancellationToken);

    /// <summary>Looks every 100 ms whether anybody wrote, and only then reads what.</summary>
    public async IAsyncEnumerable<SessionNotice> ListenAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        await using var thread = new SqliteThread("SessionLifetime.Sqlite news", _place.Open, isWriter: false);
        var news = new SqliteNews();
        await thread.RunAsync(news.Begin, stop.Token);
        using var timer = new PeriodicTimer(s_newsInterval, _time);
        while (await timer.WaitForNextTickAsync(stop.Token))
        {
            foreach (var notice in await thread.RunAsync(news.Read, stop.Token))
            {
                yield return notice;
            }
        }
    }

    public async ValueTask AskForHeartbeatsAsync(CancellationToken cancellationToken) =>
        await WriteAsync(static database => database.Execute("UPDATE session_lifetime_clock SET asks = asks + 1"), cancellationToken);

    public ValueTask<int> TrimAsync(TimeSpan endedBefore, CancellationToken cancellationToken) => WriteAsync(
        database =>
        {
            SqliteValues.Trim(database, _clock.Now(database));
            return SqliteSessions.Trim(database, endedBefore);
        },
        cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _disposed.CancelAsync();
        await _writer.DisposeAsync();
        foreach (var reader in _readers)
        {
            await reader.DisposeAsync();
        }
    }

    private ValueTask<T> WriteAsync<T>(Func<SqliteDatabase, T> step, CancellationToken cancellationToken) => _writer.RunAsync(step, cancellationToken);

    private ValueTask<T> ReadAsync<T>(Func<SqliteDatabase, T> step, CancellationToken cancellationToken) => SqliteThread.RunAsync(_reads, step, cancellationToken);
}
