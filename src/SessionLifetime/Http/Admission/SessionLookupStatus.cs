namespace SessionLifetime.Http.Admission;

/// <summary>The kinds of <see cref="SessionLookup"/>.</summary>
internal enum SessionLookupStatus
{
    /// <summary>The request carries no id.</summary>
    Missing,

    /// <summary>A session of this store; whether it still lives, a look will tell.</summary>
    Found,

    /// <summary>It ended, and the reason is remembered.</summary>
    Ended,

    /// <summary>Not an id, or none this server issued, or one it has forgotten.</summary>
    Unknown,

    /// <summary>A living session that belongs to no browser yet, which one is required for, and the request brings none.</summary>
    NoBrowser,

    /// <summary>A living session that belongs to another browser.</summary>
    WrongBrowser,

    /// <summary>A living session that belongs to another user.</summary>
    WrongUser,

    /// <summary>A living session, or none, and the request names an open connection that is not its own.</summary>
    WrongConnection,

    /// <summary>A living session that belongs to no browser yet, and not to this one, which has as many as it may.</summary>
    BrowserFull,

    /// <summary>A living session that belongs to no user yet, and not to this one, who has as many as they may.</summary>
    UserFull,
}
