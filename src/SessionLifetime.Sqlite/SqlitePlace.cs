using Microsoft.Data.Sqlite;

namespace SessionLifetime.Sqlite;

/// <summary>Where the file is, and how it is opened.</summary>
internal sealed class SqlitePlace
{
    private const int SecondsToWait = 5;

    private readonly string _connectionString;

    public SqlitePlace(string connectionString)
    {
        ArgumentNullException.ThrowIfNull(connectionString);
        var builder = new SqliteConnectionStringBuilder(connectionString);
        if (builder.DataSource.Length == 0 || builder.DataSource.StartsWith(":memory:", StringComparison.Ordinal) || builder.Mode == SqliteOpenMode.Memory)
        {
            throw new ArgumentException("Name a file, as in \"Data Source=sessions.db\": without a store sessions live in memory anyway.", nameof(connectionString));
        }

        builder.Pooling = false;
        builder.DefaultTimeout = SecondsToWait;
        File = builder.DataSource;
        _connectionString = builder.ToString();
    }

    /// <summary>At how many pages the file counts as full, as on a full disk; null: when the disk is. For tests.</summary>
    public long? MostPages { get; init; }

    /// <summary>The file, for messages.</summary>
    public string File { get; }

    /// <summary>Opens a connection. Blocks.</summary>
    public SqliteDatabase Open()
    {
        var connection = new SqliteConnection(_connectionString);
        try
        {
            connection.Open();
            var database = new SqliteDatabase(connection);
            database.Execute($"PRAGMA busy_timeout = {SecondsToWait * 1000}");
            database.First("PRAGMA journal_mode = WAL", static reader => reader.GetString(0));
            database.Execute("PRAGMA synchronous = NORMAL");
            if (MostPages is { } most)
            {
                database.First($"PRAGMA max_page_count = {most}", static reader => reader.GetInt64(0));
            }

            return database;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>What an exception of the driver means at start; null where it means an outage.</summary>
    public string? Explain(SqliteException exception)
    {
        var directory = Path.GetDirectoryName(Path.GetFullPath(File));
        return exception.SqliteErrorCode switch
        {
            SQLitePCL.raw.SQLITE_NOTADB => $"{File} is not a SQLite database: name another file for the sessions.",
            SQLitePCL.raw.SQLITE_ERROR => $"{File} holds other tables by the names of those for sessions: name another file. {exception.Message}",
            SQLitePCL.raw.SQLITE_CORRUPT => $"{File} is damaged: restore it from a backup, or move it away to begin with no sessions.",
            SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_PERM => $"{File} cannot be written: give the app's account the right to write it and its directory.",
            SQLitePCL.raw.SQLITE_CANTOPEN when !Directory.Exists(directory) => $"{File} cannot be made because its directory is missing: make {directory}.",
            SQLitePCL.raw.SQLITE_CANTOPEN => $"{File} cannot be opened: give the app's account the right to write it and its directory.",
            _ => null,
        };
    }
}
