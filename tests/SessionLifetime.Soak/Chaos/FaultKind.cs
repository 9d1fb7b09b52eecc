namespace SessionLifetime.Soak.Chaos;

/// <summary>What is done to the cluster.</summary>
internal enum FaultKind
{
    /// <summary>A node is killed.</summary>
    Killed,

    /// <summary>A node stands still.</summary>
    Stalled,

    /// <summary>The database stands still.</summary>
    StorePaused,

    /// <summary>The database is stopped and started again.</summary>
    StoreStopped,

    /// <summary>All nodes are killed, and none runs for a while.</summary>
    Downtime,
}
