namespace SessionLifetime.PostgreSql;

/// <summary>
/// What cursors stand for. A cursor is the first transaction number that was not given yet when it was told; transactions do not commit in the order of their
/// numbers, and this process remembers those that were under way then. So a transaction that somebody leaves open on the server, whatever it does, is one number
/// to look for, and not the beginning of all that is told again.
/// </summary>
internal sealed class PostgreSqlCursors
{
    private const int MostRemembered = 100;

    private readonly Lock _lock = new();
    private readonly Dictionary<long, long[]> _open = [];
    private readonly Queue<long> _cursors = [];

    /// <summary>A cursor is told.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <param name="open">The transactions under way.</param>
    public long Remember(long cursor, long[] open)
    {
        lock (_lock)
        {
            // What was told first missed most; each heartbeat is a transaction, so there is hardly a second.
            if (_open.TryAdd(cursor, open))
            {
                _cursors.Enqueue(cursor);
                if (_cursors.Count > MostRemembered)
                {
                    _open.Remove(_cursors.Dequeue());
                }
            }
        }

        return cursor;
    }

    /// <summary>What was not told with a cursor: the transactions from a first one on, and some before it. All, where another process was given the cursor.</summary>
    public (long First, long[] Open) Since(long cursor)
    {
        lock (_lock)
        {
            return _open.TryGetValue(cursor, out var open) ? (cursor, open) : (0, []);
        }
    }
}
