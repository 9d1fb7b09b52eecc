namespace SessionLifetime.Http.Requests;

/// <summary>The result of waiting for a turn.</summary>
internal enum TurnResult
{
    /// <summary>It is this request's turn.</summary>
    Taken,

    /// <summary>The queue is full, or the time is up.</summary>
    Missed,

    /// <summary>The client has closed the connection.</summary>
    GivenUp,

    /// <summary>The session has ended.</summary>
    SessionEnded,
}
