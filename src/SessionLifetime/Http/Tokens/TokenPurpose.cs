namespace SessionLifetime.Http.Tokens;

/// <summary>What a one-time token is for. It cannot be used for anything else.</summary>
internal enum TokenPurpose
{
    /// <summary>A connection that can carry a URL only: a WebSocket, an event stream.</summary>
    Ticket,

    /// <summary>The next page of a tab.</summary>
    Navigation,

    /// <summary>Taking over a session that the server started for a page.</summary>
    HandOver,
}
