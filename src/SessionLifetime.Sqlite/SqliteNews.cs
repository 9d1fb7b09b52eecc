namespace SessionLifetime.Sqlite;

/// <summary>What happened since the last look, by numbers. SQLite tells cheaply whether another connection has written at all.</summary>
internal sealed class SqliteNews
{
    private long _dataVersion;
    private long _changes;
    private long _asks;

    /// <summary>What happened until now is no news.</summary>
    public bool Begin(SqliteDatabase database)
    {
        _dataVersion = DataVersion(database);
        (_changes, _asks) = Numbers(database);
        return true;
    }

    /// <summary>The news since.</summary>
    public IReadOnlyList<SessionNotice> Read(SqliteDatabase database)
    {
        var dataVersion = DataVersion(database);
        if (dataVersion == _dataVersion)
        {
            return [];
        }

        _dataVersion = dataVersion;
        var (changes, asks) = Numbers(database);
        var notices = new List<SessionNotice>();
        if (changes != _changes)
        {
            // What is written between the two reads is read with the next.
            notices.AddRange(SqliteClock.ChangesSince(database, _changes).Select(static change => new SessionNotice(change)));
            _changes = changes;
        }

        if (asks != _asks)
        {
            notices.Add(new(Change: null));
            _asks = asks;
        }

        return notices;
    }

    private static long DataVersion(SqliteDatabase database) => database.First("PRAGMA data_version", static reader => reader.GetInt64(0));

    private static (long Changes, long Asks) Numbers(SqliteDatabase database) => database.First(
        "SELECT changes, asks FROM session_lifetime_clock", static reader => (reader.GetInt64(0), reader.GetInt64(1)));
}
