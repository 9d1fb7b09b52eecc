namespace SessionLifetime.Http.Requests;

/// <summary>What came of waiting for one's turn.</summary>
internal enum TurnResult
{
    /// <summary>It is this request's turn.</summary>
    Taken,

    /// <summary>The queue is full, or the time is up.</summary>
    Missed,

    /// <summary>Nobody waits for it any more: the client hung up.</summary>
    GivenUp,

    /// <summary>The session has ended.</summary>
    SessionEnded,
}
