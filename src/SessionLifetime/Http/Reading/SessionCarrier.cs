namespace SessionLifetime.Http.Reading;

/// <summary>Where a request carries the id of its session.</summary>
internal enum SessionCarrier : byte
{
    /// <summary>In the id header, which only script can send; also the value for a request without an id.</summary>
    Header,

    /// <summary>Behind a one-time token, in a cookie that the previous page wrote.</summary>
    Relay,

    /// <summary>In the transport cookie, for browsers without script.</summary>
    Cookie,
}
