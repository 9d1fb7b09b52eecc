using SessionLifetime.PostgreSql;

namespace SessionLifetime;

/// <summary>The tables, for those who make them by hand. Within a major version they only grow, and columns have defaults. It may run twice.</summary>
public static class SessionLifetimeSchema
{
    internal const int Major = 1;
    internal const int Minor = 0;

    /// <summary>How much of a user's name the index holds: one of any length fits into it.</summary>
    internal const int UserStart = 200;

    /// <summary>The script with the default options.</summary>
    /// <value>Statements of SQL.</value>
    public static string Sql => For(new());

    /// <summary>The script with other options.</summary>
    /// <param name="options">The schema, and whether the tables are <c>UNLOGGED</c>.</param>
    /// <returns>Statements of SQL.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
    public static string For(PostgreSqlStoreOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var (s, table) = (PostgreSqlStatements.Quoted(options.Schema), options.IsUnlogged ? "UNLOGGED TABLE" : "TABLE");

        // Touches write columns that no index has, into pages that keep room: no index is written for them (HOT).
        return $"""
            CREATE SCHEMA IF NOT EXISTS {s};
            CREATE {table} IF NOT EXISTS {s}.session (
              id text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, secret_hashes text[] NOT NULL,
              last_activity bigint NOT NULL, last_signal bigint NOT NULL, idle_reset bigint NOT NULL, last_arrival bigint NOT NULL,
              held_until bigint NOT NULL DEFAULT 0, due_at bigint, absolute_at bigint, browser_id text, user_name text, home text,
              end_reason integer, ended_at bigint, writer text NOT NULL, change bigint NOT NULL, state bytea NOT NULL) WITH (fillfactor = 70);
            CREATE INDEX IF NOT EXISTS session_by_change ON {s}.session (change);
            CREATE INDEX IF NOT EXISTS session_by_due ON {s}.session (due_at) WHERE due_at IS NOT NULL AND end_reason IS NULL;
            CREATE INDEX IF NOT EXISTS session_by_absolute ON {s}.session (absolute_at) WHERE absolute_at IS NOT NULL AND end_reason IS NULL;
            CREATE INDEX IF NOT EXISTS session_by_user ON {s}.session (left(user_name, {UserStart}), id) WHERE user_name IS NOT NULL AND end_reason IS NULL;
            CREATE INDEX IF NOT EXISTS session_by_browser ON {s}.session (browser_id, id) WHERE browser_id IS NOT NULL AND end_reason IS NULL;
            CREATE INDEX IF NOT EXISTS session_by_ended ON {s}.session (ended_at) WHERE ended_at IS NOT NULL;
            CREATE {table} IF NOT EXISTS {s}.secret (hash text COLLATE "C" PRIMARY KEY, session_id text COLLATE "C" NOT NULL);
            CREATE {table} IF NOT EXISTS {s}.event (
              number bigserial PRIMARY KEY, session_id text COLLATE "C" NOT NULL, sequence bigint NOT NULL, kind text NOT NULL, payload bytea NOT NULL,
              attempt integer NOT NULL DEFAULT 0, node text, is_taken boolean NOT NULL DEFAULT false, UNIQUE (session_id, sequence));
            CREATE {table} IF NOT EXISTS {s}.token (
              hash text COLLATE "C" PRIMARY KEY, session_id text COLLATE "C" NOT NULL, expires_at bigint NOT NULL, data bytea NOT NULL);
            CREATE INDEX IF NOT EXISTS token_by_expiry ON {s}.token (expires_at);
            CREATE {table} IF NOT EXISTS {s}.value (
              session_id text COLLATE "C" NOT NULL, key text COLLATE "C" NOT NULL, version bigint NOT NULL, data bytea NOT NULL, PRIMARY KEY (session_id, key));
            CREATE {table} IF NOT EXISTS {s}.node (node text COLLATE "C" PRIMARY KEY, watermark bigint NOT NULL, live_until bigint NOT NULL);
            CREATE {table} IF NOT EXISTS {s}.tally (shard integer PRIMARY KEY, living bigint NOT NULL DEFAULT 0);
            INSERT INTO {s}.tally (shard) SELECT generate_series(0, 15) ON CONFLICT DO NOTHING;
            CREATE {table} IF NOT EXISTS {s}.clock (
              one integer PRIMARY KEY DEFAULT 1 CHECK (one = 1), major integer NOT NULL, minor integer NOT NULL,
              origin timestamptz NOT NULL DEFAULT clock_timestamp() - interval '1 day', latest bigint NOT NULL DEFAULT {TimeSpan.TicksPerDay},
              service_ends bigint NOT NULL DEFAULT {TimeSpan.TicksPerDay}, taken_off bigint NOT NULL DEFAULT 0, settings bytea);
            INSERT INTO {s}.clock (major, minor) VALUES ({Major}, {Minor}) ON CONFLICT DO NOTHING;
            UPDATE {s}.clock SET minor = {Minor} WHERE major = {Major} AND minor < {Minor};
            """;
    }
}
