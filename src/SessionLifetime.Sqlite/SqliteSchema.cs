namespace SessionLifetime.Sqlite;

/// <summary>The tables. Within a major version they only grow, and columns have defaults.</summary>
internal static class SqliteSchema
{
    private const long Major = 1;
    private const long Minor = 0;

    private const string Tables =
        """
        CREATE TABLE IF NOT EXISTS session_lifetime_clock (
          one INTEGER PRIMARY KEY CHECK (one = 1), major INTEGER NOT NULL, minor INTEGER NOT NULL, origin INTEGER NOT NULL,
          latest INTEGER NOT NULL, service_ends INTEGER NOT NULL, taken_off INTEGER NOT NULL DEFAULT 0,
          changes INTEGER NOT NULL DEFAULT 0, asks INTEGER NOT NULL DEFAULT 0, living INTEGER NOT NULL DEFAULT 0, settings BLOB);
        CREATE TABLE IF NOT EXISTS session_lifetime_nodes (
          node TEXT PRIMARY KEY, watermark INTEGER NOT NULL, live_until INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS session_lifetime_sessions (
          id TEXT PRIMARY KEY, version INTEGER NOT NULL, secret_hashes TEXT NOT NULL,
          last_activity INTEGER NOT NULL, last_signal INTEGER NOT NULL, idle_reset INTEGER NOT NULL, last_arrival INTEGER NOT NULL,
          due_at INTEGER, absolute_at INTEGER, browser_id TEXT, user_name TEXT, home TEXT, end_reason INTEGER, ended_at INTEGER,
          writer TEXT NOT NULL, held_until INTEGER NOT NULL DEFAULT 0, change INTEGER NOT NULL, state BLOB NOT NULL);
        CREATE UNIQUE INDEX IF NOT EXISTS session_lifetime_sessions_change ON session_lifetime_sessions (change);
        CREATE INDEX IF NOT EXISTS session_lifetime_sessions_due ON session_lifetime_sessions (due_at) WHERE due_at IS NOT NULL AND end_reason IS NULL;
        CREATE INDEX IF NOT EXISTS session_lifetime_sessions_absolute ON session_lifetime_sessions (absolute_at) WHERE absolute_at IS NOT NULL AND end_reason IS NULL;
        CREATE INDEX IF NOT EXISTS session_lifetime_sessions_user ON session_lifetime_sessions (user_name, id) WHERE user_name IS NOT NULL AND end_reason IS NULL;
        CREATE INDEX IF NOT EXISTS session_lifetime_sessions_browser ON session_lifetime_sessions (browser_id, id) WHERE browser_id IS NOT NULL AND end_reason IS NULL;
        CREATE INDEX IF NOT EXISTS session_lifetime_sessions_ended ON session_lifetime_sessions (ended_at) WHERE ended_at IS NOT NULL;
        CREATE TABLE IF NOT EXISTS session_lifetime_secrets (hash TEXT PRIMARY KEY, session_id TEXT NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS session_lifetime_events (
          number INTEGER PRIMARY KEY, session_id TEXT NOT NULL, sequence INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL,
          attempt INTEGER NOT NULL DEFAULT 0, node TEXT, is_taken INTEGER NOT NULL DEFAULT 0);
        CREATE UNIQUE INDEX IF NOT EXISTS session_lifetime_events_session ON session_lifetime_events (session_id, sequence);
        CREATE TABLE IF NOT EXISTS session_lifetime_tokens (
          hash TEXT PRIMARY KEY, session_id TEXT NOT NULL, expires_at INTEGER NOT NULL, data BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS session_lifetime_tokens_expiry ON session_lifetime_tokens (expires_at);
        CREATE TABLE IF NOT EXISTS session_lifetime_values (
          session_id TEXT NOT NULL, key TEXT NOT NULL, version INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (session_id, key)) WITHOUT ROWID;
        """;

    /// <summary>Makes what is missing, in the writer's transaction; harmless when it is all there.</summary>
    /// <exception cref="SessionStoreException">A newer major version made the tables.</exception>
    public static bool Ensure(SqliteDatabase database, string file, DateTimeOffset now)
    {
        database.Execute(Tables);

        // A moment of the recent past is positive, too: the clocks begin at a day.
        var origin = now.UtcTicks - TimeSpan.TicksPerDay;
        database.Execute(
            "INSERT INTO session_lifetime_clock (one, major, minor, origin, latest, service_ends) VALUES (1, $1, $2, $3, $4, $4) ON CONFLICT DO NOTHING",
            Major, Minor, origin, TimeSpan.TicksPerDay);
        var (major, minor) = database.First("SELECT major, minor FROM session_lifetime_clock", static reader => (reader.GetInt64(0), reader.GetInt64(1)));
        if (major > Major)
        {
            throw new SessionStoreException(
                $"The tables in {file} are of version {major}, and this package knows version {Major}: update SessionLifetime.Sqlite, or name another file.");
        }

        if (minor < Minor)
        {
            database.Execute("UPDATE session_lifetime_clock SET minor = $1", Minor);
        }

        return true;
    }
}
