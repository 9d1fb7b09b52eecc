namespace SessionLifetime.Engine;

/// <summary>How the loop of commits ended for one caller.</summary>
internal enum CommitResult
{
    /// <summary>No rule is due, and there was no change to make.</summary>
    Alive,

    /// <summary>The same, while timeout handlers are being asked.</summary>
    Asked,

    /// <summary>The same, while timeout handlers are being asked too late: whether the session still lives depends on their answer.</summary>
    InDoubt,

    /// <summary>The change was made.</summary>
    Changed,

    /// <summary>The change declined.</summary>
    Declined,

    /// <summary>The session has ended.</summary>
    Ended,
}
