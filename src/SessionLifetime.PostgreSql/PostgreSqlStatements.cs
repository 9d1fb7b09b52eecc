namespace SessionLifetime.PostgreSql;

/// <summary>
/// All SQL. <c>$1</c> of what needs a clock is the offset that tests set. Rows of sessions are locked in the order of their ids, so that no two batches
/// wait for each other; what is decided then is decided by a statement of its own, whose snapshot is younger than the locks.
/// </summary>
internal sealed class PostgreSqlStatements
{
    private const string Columns =
        "s.id, s.version, s.secret_hashes, s.last_activity, s.last_signal, s.idle_reset, s.last_arrival, s.due_at, s.absolute_at, "
        + "s.browser_id, s.user_name, s.home, s.end_reason, s.ended_at, s.writer, s.state";

    private const string Clock = "((EXTRACT(EPOCH FROM clock_timestamp() - origin) * 10000000)::bigint + $1::bigint)";
    private const string Store = $"GREATEST({Clock}, latest)";

    /// <param name="schema">The schema, as the app names it.</param>
    public PostgreSqlStatements(string schema)
    {
        var s = Quoted(schema);
        var now = $"now AS MATERIALIZED (SELECT c.store, LEAST(c.store, c.service_ends) - c.taken_off AS service FROM "
            + $"(SELECT {Store} AS store, service_ends, taken_off FROM {s}.clock LIMIT 1) c)";
        var told = $"NOT EXISTS (SELECT 1 FROM {s}.event e WHERE e.session_id = s.id)";
        var notify = $"SELECT pg_notify($1, string_agg(s.id || ':' || s.version || ':' || CASE WHEN s.end_reason IS NULL THEN 0 ELSE 1 END || CASE WHEN {told} THEN 1 ELSE 0 END, ';')) "
            + $"FROM {s}.session s";

        Version = $"SELECT major, minor FROM {s}.clock";
        ClockTable = $"{s}.clock";
        // A clock that was put back by more than the lead moves the origin instead: the store's time goes on from where it was.
        Serve = $"UPDATE {s}.clock SET origin = CASE WHEN {Clock} + $2 < latest THEN clock_timestamp() - make_interval(secs => (latest - $1::bigint) / 10000000.0) ELSE origin END, "
            + $"latest = {Store}, service_ends = {Store} + $2, taken_off = taken_off + GREATEST(0, {Store} - service_ends)";
        Settings = $"UPDATE {s}.clock SET settings = $1";
        Register = $"WITH {now} INSERT INTO {s}.node (node, watermark, live_until) SELECT $2, service, service + $3 FROM now "
            + "ON CONFLICT (node) DO UPDATE SET watermark = EXCLUDED.watermark, live_until = EXCLUDED.live_until";
        Beat = $"WITH {now} INSERT INTO {s}.node (node, watermark, live_until) SELECT $2, $4, service + $3 FROM now "
            + "ON CONFLICT (node) DO UPDATE SET watermark = GREATEST(node.watermark, EXCLUDED.watermark), live_until = EXCLUDED.live_until";
        SignOff = $"DELETE FROM {s}.node WHERE node = $1";
        Now = $"WITH {now} SELECT n.store, n.service, txid_snapshot_xmax(txid_current_snapshot()), (SELECT sum(living)::bigint FROM {s}.tally), c.settings, "
            + $"ARRAY(SELECT txid_snapshot_xip(txid_current_snapshot())) FROM now n, {s}.clock c";
        Live = $"WITH {now} SELECT m.node, m.watermark FROM {s}.node m, now n WHERE m.live_until > n.service";
        Changes = $"SELECT s.id, s.version, s.end_reason IS NOT NULL, {told} FROM {s}.session s WHERE s.change >= $1 OR s.change = ANY($2)";

        LockToTouch = $"WITH l AS MATERIALIZED (SELECT id FROM {s}.session WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) SELECT count(*) FROM l";
        Touch = $"""
            WITH {now}, t AS MATERIALIZED (
              SELECT x.id, x.known, x.due,
                CASE WHEN x.a_age IS NULL THEN 0 ELSE LEAST(n.service - x.a_age, x.a_at) END AS a, CASE WHEN x.s_age IS NULL THEN 0 ELSE LEAST(n.service - x.s_age, x.s_at) END AS s,
                CASE WHEN x.i_age IS NULL THEN 0 ELSE LEAST(n.service - x.i_age, x.i_at) END AS i, CASE WHEN x.r_age IS NULL THEN 0 ELSE LEAST(n.service - x.r_age, x.r_at) END AS r
              FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[])
                AS x(id, known, due, a_age, a_at, s_age, s_at, i_age, i_at, r_age, r_at) CROSS JOIN now n)
            UPDATE {s}.session s SET
              last_activity = GREATEST(s.last_activity, t.a), last_signal = GREATEST(s.last_signal, t.s), idle_reset = GREATEST(s.idle_reset, t.i),
              last_arrival = GREATEST(s.last_arrival, t.r), due_at = CASE WHEN t.due IS NOT NULL AND s.version = t.known THEN t.due ELSE s.due_at END,
              held_until = CASE WHEN t.due IS NULL THEN s.held_until ELSE 0 END
            FROM t WHERE s.id = t.id AND s.end_reason IS NULL
              AND (t.due IS NOT NULL OR t.a > s.last_activity OR t.s > s.last_signal OR t.i > s.idle_reset OR t.r > s.last_arrival)
            """;
        Touched = $"SELECT s.id, s.version, s.last_activity, s.last_signal, s.idle_reset, s.last_arrival FROM {s}.session s WHERE s.id = ANY($1)";
        Moved = $"SELECT {Columns} FROM unnest($1::text[], $2::bigint[]) AS t(id, known) JOIN {s}.session s ON s.id = t.id WHERE s.version <> t.known OR s.end_reason IS NOT NULL";

        LockToCommit = $"WITH l AS MATERIALIZED (SELECT id FROM {s}.session WHERE id = ANY($1) ORDER BY id FOR UPDATE) SELECT count(*) FROM l";
        Commit = $"""
            WITH {now}, decided AS MATERIALIZED (
              SELECT c.*, string_to_array(c.joined, ',') AS hashes, s.id IS NOT NULL AS existed, s.home AS old_home, s.secret_hashes AS old_hashes,
                CASE
                  WHEN s.id IS NULL AND c.expected <> 0 THEN {(int)CommitStatus.Moved}
                  WHEN s.writer = c.writer THEN {(int)CommitStatus.Moved}
                  WHEN s.id IS NOT NULL AND (s.version <> c.expected OR s.end_reason IS NOT NULL
                    OR s.last_activity > c.a_seen OR s.last_signal > c.s_seen OR s.idle_reset > c.i_seen OR s.last_arrival > c.r_seen) THEN {(int)CommitStatus.Moved}
                  WHEN c.not_before > n.service OR c.not_before_store > n.store THEN {(int)CommitStatus.TooEarly}
                  ELSE {(int)CommitStatus.Written} END AS decision,
                LEAST(c.a, n.service) AS a_new, LEAST(c.s, n.service) AS s_new, LEAST(c.i, n.service) AS i_new, LEAST(c.r, n.service) AS r_new
              FROM unnest($2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::text[], $12::text[],
                  $13::text[], $14::integer[], $15::bigint[], $16::text[], $17::bytea[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::text[])
                AS c(id, expected, joined, a, s, i, r, due, absolute, browser, user_name, home, end_reason, ended_at, writer, state, a_seen, s_seen, i_seen, r_seen,
                  not_before, not_before_store, committer)
              CROSS JOIN now n LEFT JOIN {s}.session s ON s.id = c.id),
            updated AS (
              UPDATE {s}.session s SET version = d.expected + 1, secret_hashes = d.hashes, last_activity = GREATEST(s.last_activity, d.a_new),
                last_signal = GREATEST(s.last_signal, d.s_new), idle_reset = GREATEST(s.idle_reset, d.i_new), last_arrival = GREATEST(s.last_arrival, d.r_new),
                held_until = 0, due_at = d.due, absolute_at = d.absolute, browser_id = d.browser, user_name = d.user_name, home = d.home, end_reason = d.end_reason,
                ended_at = d.ended_at, writer = d.writer, change = txid_current(), state = d.state
              FROM decided d WHERE s.id = d.id AND d.decision = {(int)CommitStatus.Written} AND d.existed
              RETURNING s.id, CASE WHEN s.end_reason IS NULL THEN 0 ELSE -1 END AS living),
            inserted AS (
              INSERT INTO {s}.session (id, version, secret_hashes, last_activity, last_signal, idle_reset, last_arrival, due_at, absolute_at, browser_id,
                user_name, home, end_reason, ended_at, writer, change, state)
              SELECT d.id, 1, d.hashes, d.a_new, d.s_new, d.i_new, d.r_new, d.due, d.absolute, d.browser, d.user_name, d.home, d.end_reason, d.ended_at, d.writer,
                txid_current(), d.state
              FROM decided d WHERE d.decision = {(int)CommitStatus.Written} AND NOT d.existed ORDER BY d.id
              ON CONFLICT (id) DO NOTHING RETURNING id, CASE WHEN end_reason IS NULL THEN 1 ELSE 0 END AS living),
            written AS MATERIALIZED (SELECT id, living FROM updated UNION ALL SELECT id, living FROM inserted),
            dropped AS (
              DELETE FROM {s}.secret k USING decided d, updated u
              WHERE d.id = u.id AND d.old_hashes <> d.hashes AND k.hash = ANY(d.old_hashes) AND k.hash <> ALL(d.hashes)),
            added AS (
              INSERT INTO {s}.secret (hash, session_id) SELECT DISTINCT ON (h.hash) h.hash, d.id FROM written w JOIN decided d ON d.id = w.id CROSS JOIN unnest(d.hashes) AS h(hash)
              WHERE NOT d.existed OR d.old_hashes <> d.hashes ORDER BY h.hash ON CONFLICT (hash) DO UPDATE SET session_id = EXCLUDED.session_id),
            raised AS (
              INSERT INTO {s}.event (session_id, sequence, kind, payload, node)
              SELECT e.session_id, e.sequence, e.kind, e.payload,
                COALESCE((SELECT m.node FROM {s}.node m, now n WHERE m.node = d.old_home AND m.live_until > n.service), d.committer)
              FROM unnest($25::text[], $26::bigint[], $27::text[], $28::bytea[]) WITH ORDINALITY AS e(session_id, sequence, kind, payload, place)
              JOIN written w ON w.id = e.session_id JOIN decided d ON d.id = w.id ORDER BY e.place),
            counted AS (
              UPDATE {s}.tally t SET living = t.living + n.living FROM (SELECT sum(w.living)::bigint AS living FROM written w) n
              WHERE t.shard = pg_backend_pid() % 16 AND n.living <> 0)
            SELECT d.id, CASE WHEN d.decision = {(int)CommitStatus.Written} AND w.id IS NULL THEN {(int)CommitStatus.Moved} ELSE d.decision END
            FROM decided d LEFT JOIN written w ON w.id = d.id
            """;
        NotifyWritten = $"{notify} WHERE s.id = ANY($2) AND s.writer = ANY($3) HAVING count(*) > 0";
        LoadMany = $"SELECT {Columns} FROM {s}.session s WHERE s.id = ANY($1)";
        LoadBySecret = $"SELECT {Columns} FROM {s}.secret k JOIN {s}.session s ON s.id = k.session_id WHERE k.hash = $1 AND k.hash = ANY(s.secret_hashes)";
        LoadById = $"SELECT {Columns} FROM {s}.session s WHERE s.id = $1";
        TakeDue = $"""
            WITH {now}, due AS MATERIALIZED (
              SELECT s.id FROM {s}.session s WHERE s.end_reason IS NULL AND s.held_until <= (SELECT service FROM now)
                AND ((s.due_at IS NOT NULL AND s.due_at <= (SELECT service - $4 FROM now)) OR (s.absolute_at IS NOT NULL AND s.absolute_at <= (SELECT store - $4 FROM now)))
              LIMIT $2 FOR NO KEY UPDATE OF s SKIP LOCKED)
            UPDATE {s}.session s SET held_until = n.service + $3 FROM due d, now n WHERE s.id = d.id RETURNING {Columns}
            """;
        List = filter => $"SELECT {Columns} FROM {s}.session s WHERE {Where(filter)} AND s.id > $3 ORDER BY s.id LIMIT $4";
        Count = filter => $"SELECT count(*) FROM {s}.session s WHERE {Where(filter)} AND s.id > $3";

        TakeEvents = $"""
            WITH {now}, free AS MATERIALIZED (
              SELECT e.number FROM {s}.event e
              WHERE ((e.node = $2 AND (NOT e.is_taken OR $3))
                  OR ((e.node IS NULL OR e.node NOT IN (SELECT m.node FROM {s}.node m, now n WHERE m.live_until > n.service)) AND ($5::text[] IS NULL OR e.kind = ANY($5))))
                AND NOT EXISTS (SELECT 1 FROM {s}.event f WHERE f.session_id = e.session_id AND f.sequence < e.sequence)
              ORDER BY e.number LIMIT $4 FOR UPDATE OF e SKIP LOCKED)
            UPDATE {s}.event e SET attempt = e.attempt + CASE WHEN e.is_taken AND e.node = $2 THEN 0 ELSE 1 END, node = $2, is_taken = true
            FROM free f WHERE e.number = f.number RETURNING e.session_id, e.sequence, e.kind, e.payload, e.attempt
            """;
        Complete = $"""
            WITH r AS (SELECT * FROM unnest($1::text[], $2::bigint[], $3::integer[], $4::boolean[]) AS r(session_id, sequence, attempt, is_delivered)),
            back AS (
              UPDATE {s}.event e SET node = NULL, is_taken = false FROM r
              WHERE e.session_id = r.session_id AND e.sequence = r.sequence AND e.attempt = r.attempt AND NOT r.is_delivered)
            DELETE FROM {s}.event e USING r WHERE e.session_id = r.session_id AND e.sequence = r.sequence AND e.attempt = r.attempt AND r.is_delivered
            """;
        MarkTold = $"UPDATE {s}.session s SET change = txid_current() WHERE s.id = ANY($1) AND {told}";
        NotifyTold = $"{notify} WHERE s.id = ANY($2) AND {told} HAVING count(*) > 0";

        PutToken = $"INSERT INTO {s}.token (hash, session_id, expires_at, data) VALUES ($1, $2, $3, $4)";
        PeekToken = $"WITH {now} SELECT t.hash, t.session_id, t.expires_at, t.data, t.expires_at > n.service FROM {s}.token t, now n WHERE t.hash = $2";
        TakeToken = $"WITH {now} DELETE FROM {s}.token t USING now n WHERE t.hash = $2 RETURNING t.hash, t.session_id, t.expires_at, t.data, t.expires_at > n.service";
        ReadValues = $"SELECT key, version, data FROM {s}.value WHERE session_id = $1";
        LockValues = "SELECT pg_advisory_xact_lock(hashtextextended($1 || $2, 0))";
        WriteValues = $"""
            WITH c AS MATERIALIZED (SELECT * FROM unnest($2::text[], $3::bytea[], $4::bigint[]) AS c(key, data, expected)),
            conflicts AS MATERIALIZED (
              SELECT c.key, COALESCE(v.version, 0) AS version, v.data FROM c LEFT JOIN {s}.value v ON v.session_id = $1 AND v.key = c.key
              WHERE c.expected IS NOT NULL AND c.expected <> COALESCE(v.version, 0)),
            removed AS (
              DELETE FROM {s}.value v USING c WHERE v.session_id = $1 AND v.key = c.key AND c.data IS NULL AND NOT EXISTS (SELECT 1 FROM conflicts)),
            written AS (
              INSERT INTO {s}.value (session_id, key, version, data)
              SELECT $1, c.key, 1, c.data FROM c WHERE c.data IS NOT NULL AND NOT EXISTS (SELECT 1 FROM conflicts)
              ON CONFLICT (session_id, key) DO UPDATE SET version = value.version + 1, data = EXCLUDED.data)
            SELECT key, version, data FROM conflicts
            """;
        TrimSessions = $"""
            WITH free AS MATERIALIZED (
              SELECT s.id FROM {s}.session s WHERE s.ended_at IS NOT NULL AND s.ended_at < $1 AND {told} ORDER BY s.ended_at LIMIT $2 FOR UPDATE SKIP LOCKED),
            old AS (DELETE FROM {s}.session s USING free f WHERE s.id = f.id RETURNING s.id, s.secret_hashes),
            secrets AS (DELETE FROM {s}.secret k USING old o WHERE k.hash = ANY(o.secret_hashes) AND k.session_id = o.id),
            vals AS (DELETE FROM {s}.value v USING old o WHERE v.session_id = o.id)
            SELECT count(*)::integer FROM old
            """;
        TrimTokens = $"WITH {now} DELETE FROM {s}.token t WHERE t.hash IN (SELECT o.hash FROM {s}.token o, now n WHERE o.expires_at <= n.service ORDER BY o.expires_at LIMIT $2)";
        TrimNodes = $"WITH {now} DELETE FROM {s}.node m USING now n WHERE m.live_until + {TimeSpan.TicksPerHour} < n.service";
    }

    public string Version { get; }

    public string ClockTable { get; }

    public string Serve { get; }

    public string Settings { get; }

    public string Register { get; }

    public string Beat { get; }

    public string SignOff { get; }

    public string Now { get; }

    public string Live { get; }

    public string Changes { get; }

    public string LockToTouch { get; }

    public string Touch { get; }

    public string Touched { get; }

    public string Moved { get; }

    public string LockToCommit { get; }

    public string Commit { get; }

    public string NotifyWritten { get; }

    public string LoadMany { get; }

    public string LoadBySecret { get; }

    public string LoadById { get; }

    public string TakeDue { get; }

    public Func<SessionRecordFilter, string> List { get; }

    public Func<SessionRecordFilter, string> Count { get; }

    public string TakeEvents { get; }

    public string Complete { get; }

    public string MarkTold { get; }

    public string NotifyTold { get; }

    public string PutToken { get; }

    public string PeekToken { get; }

    public string TakeToken { get; }

    public string ReadValues { get; }

    public string LockValues { get; }

    public string WriteValues { get; }

    public string TrimSessions { get; }

    public string TrimTokens { get; }

    public string TrimNodes { get; }

    /// <summary>An identifier, quoted.</summary>
    public static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>Statements are chosen by what is asked for, so that each finds its index.</summary>
    private static string Where(SessionRecordFilter filter) =>
        "s.end_reason IS NULL"
        + (filter.User is null ? " AND $1::text IS NULL" : $" AND left(s.user_name, {SessionLifetimeSchema.UserStart}) = left($1, {SessionLifetimeSchema.UserStart}) AND s.user_name = $1")
        + (filter.BrowserId is null ? " AND $2::text IS NULL" : " AND s.browser_id = $2");
}
