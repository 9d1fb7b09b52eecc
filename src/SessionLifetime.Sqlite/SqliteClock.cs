namespace SessionLifetime.Sqlite;

/// <summary>The clocks of the store and its nodes. The store's time is the machine's, and never goes back.</summary>
internal sealed class SqliteClock(TimeProvider time)
{
    private sealed record Row(long Origin, long Latest, long ServiceEnds, long TakenOff);

    /// <summary>The machine's time.</summary>
    public DateTimeOffset Machine => time.GetUtcNow();

    /// <summary>The clocks now.</summary>
    public StoreTime Now(SqliteDatabase database)
    {
        var row = Read(database);
        var now = StoreNow(row);
        return new(new(now), new(Math.Min(now, row.ServiceEnds) - row.TakenOff));
    }

    /// <summary>Registers a node.</summary>
    public StoreStart Start(SqliteDatabase database, NodeStart node)
    {
        Serve(database, node.Lead);
        database.Execute("UPDATE session_lifetime_clock SET settings = $1", node.Settings);
        var now = Now(database);
        database.Execute("INSERT OR REPLACE INTO session_lifetime_nodes (node, watermark, live_until) VALUES ($1, $2, $3)", node.Node, now.Service, now.Service + node.LiveFor);
        return new(now, database.First("SELECT changes FROM session_lifetime_clock", static reader => reader.GetInt64(0)), []);
    }

    /// <summary>A node is gone.</summary>
    public static int Stop(SqliteDatabase database, string node) => database.Execute("DELETE FROM session_lifetime_nodes WHERE node = $1", node);

    /// <summary>A node lives.</summary>
    public HeartbeatAnswer Beat(SqliteDatabase database, NodeHeartbeat beat)
    {
        Serve(database, beat.Lead);
        var now = Now(database);
        database.Execute(
            """
            INSERT INTO session_lifetime_nodes (node, watermark, live_until) VALUES ($1, $2, $3)
            ON CONFLICT (node) DO UPDATE SET watermark = max(watermark, excluded.watermark), live_until = excluded.live_until
            """,
            beat.Node, beat.Watermark, now.Service + beat.LiveFor);
        var nodes = database.All(
            "SELECT node, watermark FROM session_lifetime_nodes WHERE live_until > $1",
            static reader => new LiveNode(reader.GetString(0), new(reader.GetInt64(1))),
            now.Service);
        var (changes, living, settings) = database.First(
            "SELECT changes, living, settings FROM session_lifetime_clock",
            static reader => (reader.GetInt64(0), reader.GetInt64(1), reader.IsDBNull(2) ? [] : reader.GetFieldValue<byte[]>(2)));
        return new(now, nodes, ChangesSince(database, beat.Cursor), changes, living, settings);
    }

    /// <summary>Numbers are given in the order of commits: there is one writer at a time.</summary>
    public static List<CommittedChange> ChangesSince(SqliteDatabase database, long cursor) => database.All(
        """
        SELECT id, version, end_reason IS NOT NULL, NOT EXISTS (SELECT 1 FROM session_lifetime_events e WHERE e.session_id = s.id)
        FROM session_lifetime_sessions s WHERE change > $1 ORDER BY change
        """,
        static reader => new CommittedChange(reader.GetString(0), reader.GetInt64(1), reader.GetBoolean(2), reader.GetBoolean(3)),
        cursor);

    private static Row Read(SqliteDatabase database) => database.First(
        "SELECT origin, latest, service_ends, taken_off FROM session_lifetime_clock",
        static reader => new Row(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)))!;

    private long StoreNow(Row row) => Math.Max(Machine.UtcTicks - row.Origin, row.Latest);

    private void Serve(SqliteDatabase database, TimeSpan lead)
    {
        var row = Read(database);
        var now = StoreNow(row);

        // A clock that was put back by more than the lead moves the origin instead: the store's time goes on from where it was.
        var machine = Machine.UtcTicks;
        var origin = machine - row.Origin + lead.Ticks < row.Latest ? machine - row.Latest : row.Origin;
        database.Execute(
            "UPDATE session_lifetime_clock SET origin = $4, latest = $1, service_ends = $2, taken_off = taken_off + $3",
            now, now + lead.Ticks, Math.Max(0, now - row.ServiceEnds), origin);
    }
}
