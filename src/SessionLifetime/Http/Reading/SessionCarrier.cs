namespace SessionLifetime.Http.Reading;

/// <summary>How a request says which session it belongs to.</summary>
internal enum SessionCarrier : byte
{
    /// <summary>By the id header, which only script can send; also a request that says nothing.</summary>
    Header,

    /// <summary>By a one-time token that the page before it left in a cookie.</summary>
    Relay,

    /// <summary>By the cookie that holds the id, for browsers without script.</summary>
    Cookie,
}
