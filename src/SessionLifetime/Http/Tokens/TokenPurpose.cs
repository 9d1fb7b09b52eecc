namespace SessionLifetime.Http.Tokens;

/// <summary>What a one-time token is for: one made for the one thing opens nothing else.</summary>
internal enum TokenPurpose
{
    /// <summary>A connection that can carry a URL only: a WebSocket, an event stream.</summary>
    Ticket,

    /// <summary>The next page of a tab.</summary>
    Navigation,

    /// <summary>A session that was started for a page, to the module in that page.</summary>
    HandOver,
}
