namespace SessionLifetime.Sqlite;

/// <summary>Tokens and values.</summary>
internal static class SqliteValues
{
    public static int Put(SqliteDatabase database, StoredToken token) => database.Execute(
        "INSERT INTO session_lifetime_tokens (hash, session_id, expires_at, data) VALUES ($1, $2, $3, $4)",
        token.Hash, token.SessionId, token.ExpiresAt, token.Data);

    public static StoredToken? Take(SqliteDatabase database, string hash, bool isPeek, StoreTime now)
    {
        var token = database.First(
            isPeek
                ? "SELECT hash, session_id, expires_at, data FROM session_lifetime_tokens WHERE hash = $1"
                : "DELETE FROM session_lifetime_tokens WHERE hash = $1 RETURNING hash, session_id, expires_at, data",
            static reader => new StoredToken(reader.GetString(0), reader.GetString(1), new(reader.GetInt64(2)), reader.GetFieldValue<byte[]>(3)),
            hash);
        return token?.ExpiresAt > now.Service ? token : null;
    }

    public static List<StoredValue> Read(SqliteDatabase database, string id) => database.All(
        "SELECT key, version, data FROM session_lifetime_values WHERE session_id = $1",
        static reader => new StoredValue(reader.GetString(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2)),
        id);

    public static List<StoredValue> Write(SqliteDatabase database, string id, IReadOnlyList<ValueChange> changes)
    {
        var conflicts = new List<StoredValue>();
        foreach (var change in changes)
        {
            if (change.ExpectedVersion is { } expected && Current(database, id, change.Key) is var current && current.Version != expected)
            {
                conflicts.Add(current);
            }
        }

        foreach (var change in conflicts.Count == 0 ? changes : [])
        {
            if (change.Data is null)
            {
                database.Execute("DELETE FROM session_lifetime_values WHERE session_id = $1 AND key = $2", id, change.Key);
                continue;
            }

            database.Execute(
                """
                INSERT INTO session_lifetime_values (session_id, key, version, data) VALUES ($1, $2, 1, $3)
                ON CONFLICT (session_id, key) DO UPDATE SET version = version + 1, data = excluded.data
                """,
                id, change.Key, change.Data);
        }

        return conflicts;
    }

    public static void Trim(SqliteDatabase database, StoreTime now)
    {
        database.Execute("DELETE FROM session_lifetime_tokens WHERE expires_at <= $1", now.Service);
        database.Execute("DELETE FROM session_lifetime_nodes WHERE live_until < $1", now.Service - TimeSpan.FromHours(1));
    }

    private static StoredValue Current(SqliteDatabase database, string id, string key) => database.First(
        "SELECT key, version, data FROM session_lifetime_values WHERE session_id = $1 AND key = $2",
        static reader => new StoredValue(reader.GetString(0), reader.GetInt64(1), reader.GetFieldValue<byte[]>(2)),
        id, key) ?? new(key, 0, null);
}
