namespace SessionLifetime;

/// <summary>What became of a session that was to be added to a store.</summary>
internal enum SessionAddition
{
    /// <summary>The store has it.</summary>
    Added,

    /// <summary>As many live as are allowed.</summary>
    Full,

    /// <summary>The store takes no more: the server stops.</summary>
    Closed,
}
