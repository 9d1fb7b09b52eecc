namespace SessionLifetime;

/// <summary>How sessions are kept in PostgreSQL. The same on every node.</summary>
public sealed class PostgreSqlStoreOptions
{
    /// <summary>The schema of the tables, and the name of the channel of the news. Any name; it is quoted.</summary>
    /// <value><c>session_lifetime</c>. 1 to 63 bytes.</value>
    public string Schema { get; set; } = "session_lifetime";

    /// <summary>
    /// Whether the tables are made <c>UNLOGGED</c>: faster, and empty after a crash of the database server; replicas do not have them. Read only when the tables
    /// are made.
    /// </summary>
    /// <value>False.</value>
    public bool IsUnlogged { get; set; }
}
