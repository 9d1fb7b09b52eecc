namespace SessionLifetime.Sqlite;

/// <summary>The outbox.</summary>
internal static class SqliteEvents
{
    public static void Add(SqliteDatabase database, SessionCommit commit, string? home, StoreTime now)
    {
        if (commit.Events.Count == 0)
        {
            return;
        }

        var isHomeLive = home is not null && database.First(
            "SELECT 1 FROM session_lifetime_nodes WHERE node = $1 AND live_until > $2", static reader => true, home, now.Service);
        foreach (var raised in commit.Events)
        {
            database.Execute(
                "INSERT INTO session_lifetime_events (session_id, sequence, kind, payload, node) VALUES ($1, $2, $3, $4, $5)",
                raised.SessionId, raised.Sequence, raised.Kind, raised.Payload, isHomeLive ? home : commit.Committer);
        }
    }

    public static List<OutboxEvent> Take(SqliteDatabase database, EventTake take, StoreTime now)
    {
        var free = database.All(
            """
            SELECT e.number, e.session_id, e.sequence, e.kind, e.payload, e.attempt, e.is_taken AND e.node IS $1 FROM session_lifetime_events e
            WHERE ((e.node = $1 AND (e.is_taken = 0 OR $2 = 1))
                OR ((e.node IS NULL OR NOT EXISTS (SELECT 1 FROM session_lifetime_nodes n WHERE n.node = e.node AND n.live_until > $3))
                  AND ($5 IS NULL OR instr($5, ',' || e.kind || ',') > 0)))
              AND NOT EXISTS (SELECT 1 FROM session_lifetime_events f WHERE f.session_id = e.session_id AND f.sequence < e.sequence)
            ORDER BY e.number LIMIT $4
            """,
            static reader =>
            {
                var isAgain = reader.GetBoolean(6);
                var attempt = reader.GetInt32(5) + (isAgain ? 0 : 1);
                return (Number: reader.GetInt64(0), Event: new OutboxEvent(
                    reader.GetString(1), reader.GetInt64(2), reader.GetString(3), reader.GetFieldValue<byte[]>(4)) { Attempt = attempt });
            },
            take.Node, take.IncludeTaken ? 1L : 0L, now.Service, take.Most, take.Kinds is null ? null : $",{string.Join(',', take.Kinds)},");
        free.ForEach(one => database.Execute(
            "UPDATE session_lifetime_events SET node = $2, is_taken = 1, attempt = $3 WHERE number = $1", one.Number, take.Node, one.Event.Attempt));
        return free.ConvertAll(static one => one.Event);
    }

    public static bool Complete(SqliteDatabase database, EventResult result)
    {
        if (!result.IsDelivered)
        {
            database.Execute(
                "UPDATE session_lifetime_events SET node = NULL, is_taken = 0 WHERE session_id = $1 AND sequence = $2 AND attempt = $3",
                result.SessionId, result.Sequence, result.Attempt);
            return false;
        }

        var isGone = database.Execute(
            "DELETE FROM session_lifetime_events WHERE session_id = $1 AND sequence = $2 AND attempt = $3", result.SessionId, result.Sequence, result.Attempt) > 0;
        var isTold = isGone && !database.First("SELECT 1 FROM session_lifetime_events WHERE session_id = $1 LIMIT 1", static reader => true, result.SessionId);
        if (isTold)
        {
            SqliteSessions.Changed(database, result.SessionId);
        }

        return isTold;
    }
}
