namespace SessionLifetime.Http.Admission;

/// <summary>The outcomes of a <see cref="SessionLookup"/>.</summary>
internal enum SessionLookupStatus : byte
{
    /// <summary>The request carries no id.</summary>
    Missing,

    /// <summary>The request carries no id, and only its tab knows whether it has one: it is asked before the request goes on.</summary>
    UnknownTab,

    /// <summary>The session is in the directory; whether it is alive shows when the rules that are due are applied.</summary>
    Found,

    /// <summary>The session has ended, and the reason is remembered.</summary>
    Ended,

    /// <summary>Not an id, or not one that this server issued and remembers.</summary>
    Unknown,

    /// <summary>The session has no browser yet, a browser is required, and the request has no key.</summary>
    NoBrowser,

    /// <summary>The session belongs to another browser.</summary>
    WrongBrowser,

    /// <summary>The session belongs to another user.</summary>
    WrongUser,

    /// <summary>The request names an open connection that does not belong to its session.</summary>
    WrongConnection,

    /// <summary>The session has no browser yet, and the request's browser is at its limit of sessions.</summary>
    BrowserFull,

    /// <summary>The session has no user yet, and the request's user is at the limit of sessions.</summary>
    UserFull,
}
