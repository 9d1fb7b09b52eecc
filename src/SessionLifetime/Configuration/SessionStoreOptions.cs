namespace SessionLifetime;

/// <summary>How nodes that share a store of sessions keep step. The same on every node.</summary>
public sealed class SessionStoreOptions
{
    /// <summary>
    /// How often a node writes its touches and sends a heartbeat. A node that dies loses what was touched since; a session's end is decided one to three of
    /// these after its moment, and seen by all nodes within two and a half.
    /// </summary>
    /// <value>1 second. From 100 milliseconds to 1 minute.</value>
    public TimeSpan FlushInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// For how long a node that the store does not answer serves sessions whose end is far away from its memory. Meanwhile it may serve what other nodes have
    /// ended: zero chooses the other side, and answers 503 at once.
    /// </summary>
    /// <value>5 minutes. Not negative.</value>
    public TimeSpan StoreOutageTolerance { get; set; } = TimeSpan.FromMinutes(5);
}
