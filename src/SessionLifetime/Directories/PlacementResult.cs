namespace SessionLifetime.Directories;

/// <summary>What became of a session that was to be added to a store, or given to an owner there.</summary>
internal enum PlacementResult
{
    /// <summary>The store has it so.</summary>
    Added,

    /// <summary>As many live as are allowed.</summary>
    Full,

    /// <summary>As many of its browser live as are allowed.</summary>
    BrowserFull,

    /// <summary>As many of its user live as are allowed.</summary>
    UserFull,

    /// <summary>The store takes no more: the server stops.</summary>
    Closed,

    /// <summary>It is not as it was seen any more: look again.</summary>
    Moved,
}
