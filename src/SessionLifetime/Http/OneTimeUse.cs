namespace SessionLifetime;

/// <summary>What a one-time token is for: one made for the one thing opens nothing else.</summary>
internal enum OneTimeUse
{
    /// <summary>A connection that can carry a URL only: a WebSocket, an event stream.</summary>
    Ticket,

    /// <summary>The next page of a tab.</summary>
    Navigation,
}
