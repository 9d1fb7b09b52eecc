using Microsoft.Data.Sqlite;

namespace SessionLifetime.Sqlite;

/// <summary>Reads sessions, and writes commits and touches.</summary>
internal static class SqliteSessions
{
    private const string Columns =
        "s.id, s.version, s.secret_hashes, s.last_activity, s.last_signal, s.idle_reset, s.last_arrival, s.due_at, s.absolute_at, "
        + "s.browser_id, s.user_name, s.home, s.end_reason, s.ended_at, s.writer, s.state";

    /// <summary>At a time, so that those behind it do not wait long.</summary>
    private const int MostForgotten = 500;

    private const string Move =
        "UPDATE session_lifetime_sessions SET last_activity = max(last_activity, $3), last_signal = max(last_signal, $4), "
        + "idle_reset = max(idle_reset, $5), last_arrival = max(last_arrival, $6)";

    private const string Moved =
        " WHERE id = $1 AND end_reason IS NULL RETURNING version, last_activity, last_signal, idle_reset, last_arrival, version <> $2";

    /// <summary>Statements are chosen by what is asked for, so that each finds its index.</summary>
    private static string Where(SessionRecordFilter filter) =>
        "FROM session_lifetime_sessions s WHERE s.end_reason IS NULL"
        + (filter.User is null ? " AND $1 IS NULL" : " AND s.user_name = $1")
        + (filter.BrowserId is null ? " AND $2 IS NULL" : " AND s.browser_id = $2");

    public static SessionRecord? Load(SqliteDatabase database, SessionRecordKey key) => key.Id is { } id
        ? database.First($"SELECT {Columns} FROM session_lifetime_sessions s WHERE s.id = $1", Read, id)
        : database.First(
            $"SELECT {Columns} FROM session_lifetime_secrets k JOIN session_lifetime_sessions s ON s.id = k.session_id WHERE k.hash = $1", Read, key.SecretHash);

    public static List<SessionRecord> Page(SqliteDatabase database, SessionRecordFilter filter, string after, int most) => database.All(
        $"SELECT {Columns} {Where(filter)} AND s.id > $3 ORDER BY s.id LIMIT $4", Read, filter.User, filter.BrowserId, after, most);

    public static long Count(SqliteDatabase database, SessionRecordFilter filter) => database.First(
        $"SELECT count(*) {Where(filter)} AND s.id > $3", static reader => reader.GetInt64(0), filter.User, filter.BrowserId, filter.After ?? "");

    public static List<SessionRecord> TakeDue(SqliteDatabase database, DueRequest request, StoreTime now)
    {
        var due = database.All(
            $"""
            SELECT {Columns} FROM session_lifetime_sessions s WHERE s.end_reason IS NULL AND s.held_until <= $1 AND s.id IN (
              SELECT id FROM session_lifetime_sessions WHERE due_at <= $4 AND due_at IS NOT NULL AND end_reason IS NULL
              UNION SELECT id FROM session_lifetime_sessions WHERE absolute_at <= $2 AND absolute_at IS NOT NULL AND end_reason IS NULL)
            LIMIT $3
            """,
            Read, now.Service, now.Store - request.Overdue, request.Most, now.Service - request.Overdue);
        due.ForEach(record => database.Execute("UPDATE session_lifetime_sessions SET held_until = $2 WHERE id = $1", record.Id, now.Service + request.Hold));
        return due;
    }

    public static TouchResult Touch(SqliteDatabase database, SessionTouch touch, StoreTime now)
    {
        var placed = default(SessionStamps).Touched(touch, now.Service);
        object?[] stamps = [touch.Id, touch.KnownVersion, placed.LastActivity, placed.LastSignal, placed.IdleReset, placed.LastArrival];
        static (long Version, SessionStamps Stamps, bool HasMoved)? Answer(SqliteDataReader reader) => (reader.GetInt64(0), Stamps(reader, 1), reader.GetBoolean(5));
        var answer = touch.DueAt is { } due
            ? database.First($"{Move}, held_until = 0, due_at = CASE WHEN version = $2 THEN $7 ELSE due_at END{Moved}", Answer, [.. stamps, due])
            : database.First(Move + Moved, Answer, stamps);
        if (answer is { HasMoved: false } known)
        {
            return new(known.Version, known.Stamps, null);
        }

        var record = Load(database, SessionRecordKey.OfId(touch.Id));
        return record is null ? new(0, default, null) : new(record.Version, record.Stamps, record);
    }

    public static CommitAnswer Commit(SqliteDatabase database, SessionCommit commit, StoreTime now)
    {
        var current = Load(database, SessionRecordKey.OfId(commit.Next.Id));
        if (current is not null && string.Equals(current.Writer, commit.Next.Writer, StringComparison.Ordinal))
        {
            return new(CommitStatus.Written, current);
        }

        var isAsExpected = current is null ? commit.ExpectedVersion == 0
            : current.Version == commit.ExpectedVersion
                && current.EndReason is null
                && (commit.ExpectedStamps is not { } stamps || current.Stamps.IsCoveredBy(stamps));
        if (!isAsExpected)
        {
            return new(CommitStatus.Moved, current);
        }

        if (commit.NotBefore > now.Service || commit.NotBeforeStoreTime > now.Store)
        {
            return new(CommitStatus.TooEarly, current);
        }

        var placed = NoneAfter(commit.Next.Stamps, now.Service);
        var next = commit.Next with { Version = commit.ExpectedVersion + 1, Stamps = current is null ? placed : current.Stamps.Later(placed) };
        Write(database, next, current);
        SqliteEvents.Add(database, commit, current?.Home, now);
        return new(CommitStatus.Written, next);
    }

    public static void Changed(SqliteDatabase database, string id) => database.Execute(
        "UPDATE session_lifetime_sessions SET change = $2 WHERE id = $1", id, NextChange(database, 0));

    public static int Trim(SqliteDatabase database, TimeSpan endedBefore)
    {
        var old = database.All(
            """
            SELECT s.id, s.secret_hashes FROM session_lifetime_sessions s
            WHERE s.ended_at < $1 AND s.ended_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM session_lifetime_events e WHERE e.session_id = s.id)
            ORDER BY s.ended_at LIMIT $2
            """,
            static reader => (Id: reader.GetString(0), Hashes: reader.GetString(1)),
            endedBefore, MostForgotten);
        foreach (var (id, hashes) in old)
        {
            Drop(database, hashes.Split(','));
            database.Execute("DELETE FROM session_lifetime_values WHERE session_id = $1", id);
            database.Execute("DELETE FROM session_lifetime_sessions WHERE id = $1", id);
        }

        return old.Count;
    }

    private static SessionStamps NoneAfter(SessionStamps stamps, TimeSpan now)
    {
        TimeSpan NotLater(TimeSpan stamp) => stamp < now ? stamp : now;
        return new(NotLater(stamps.LastActivity), NotLater(stamps.LastSignal), NotLater(stamps.IdleReset), NotLater(stamps.LastArrival));
    }

    private static void Write(SqliteDatabase database, SessionRecord next, SessionRecord? current)
    {
        var living = (next.EndReason is null ? 1 : 0) - (current is null ? 0 : 1);
        object?[] values =
        [
            next.Id, next.Version, string.Join(',', next.SecretHashes), next.Stamps.LastActivity, next.Stamps.LastSignal, next.Stamps.IdleReset,
            next.Stamps.LastArrival, next.DueAt, next.AbsoluteAt, next.BrowserId, next.User, next.Home, next.EndReason is { } reason ? (long)reason : null,
            next.EndedAt, next.Writer, NextChange(database, living), next.State,
        ];
        database.Execute(
            current is null
                ? """
                INSERT INTO session_lifetime_sessions (id, version, secret_hashes, last_activity, last_signal, idle_reset, last_arrival, due_at,
                  absolute_at, browser_id, user_name, home, end_reason, ended_at, writer, change, state)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                """
                : """
                UPDATE session_lifetime_sessions SET version = $2, secret_hashes = $3, last_activity = $4, last_signal = $5, idle_reset = $6,
                  last_arrival = $7, due_at = $8, absolute_at = $9, browser_id = $10, user_name = $11, home = $12, end_reason = $13, ended_at = $14,
                  writer = $15, change = $16, state = $17, held_until = 0
                WHERE id = $1
                """,
            values);
        if (current is not null)
        {
            Drop(database, current.SecretHashes.Except(next.SecretHashes, StringComparer.Ordinal));
        }

        foreach (var hash in current is null ? next.SecretHashes : next.SecretHashes.Except(current.SecretHashes, StringComparer.Ordinal))
        {
            database.Execute("INSERT OR REPLACE INTO session_lifetime_secrets (hash, session_id) VALUES ($1, $2)", hash, next.Id);
        }
    }

    private static void Drop(SqliteDatabase database, IEnumerable<string> hashes)
    {
        foreach (var hash in hashes)
        {
            database.Execute("DELETE FROM session_lifetime_secrets WHERE hash = $1", hash);
        }
    }

    private static long NextChange(SqliteDatabase database, int living) => database.First(
        "UPDATE session_lifetime_clock SET changes = changes + 1, living = living + $1 RETURNING changes", static reader => reader.GetInt64(0), living);

    private static SessionStamps Stamps(SqliteDataReader reader, int first) =>
        new(new(reader.GetInt64(first)), new(reader.GetInt64(first + 1)), new(reader.GetInt64(first + 2)), new(reader.GetInt64(first + 3)));

    private static SessionRecord Read(SqliteDataReader reader)
    {
        TimeSpan? Span(int column) => reader.IsDBNull(column) ? null : new(reader.GetInt64(column));
        string? Text(int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
        return new()
        {
            Id = reader.GetString(0),
            Version = reader.GetInt64(1),
            SecretHashes = reader.GetString(2).Split(','),
            Stamps = Stamps(reader, 3),
            DueAt = Span(7),
            AbsoluteAt = Span(8),
            BrowserId = Text(9),
            User = Text(10),
            Home = Text(11),
            EndReason = reader.IsDBNull(12) ? null : (SessionEndReason)reader.GetInt64(12),
            EndedAt = Span(13),
            Writer = reader.GetString(14),
            State = reader.GetFieldValue<byte[]>(15),
        };
    }
}
