namespace SessionLifetime.Engine;

/// <summary>What a look at a session found, after every rule that was due has been applied.</summary>
internal enum DueRulesResult
{
    /// <summary>It lives.</summary>
    Alive,

    /// <summary>Its timeout handlers are being asked; it lives until they have answered.</summary>
    Asked,

    /// <summary>Its timeout handlers are being asked, too late: whether it still lives is theirs to say.</summary>
    InDoubt,

    /// <summary>It has ended.</summary>
    Ended,
}
