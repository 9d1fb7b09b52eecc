namespace SessionLifetime;

/// <summary>What a request tells of the user behind it.</summary>
public enum SessionSignal
{
    /// <summary>The user did something. The default: an endpoint that is not marked counts so.</summary>
    Activity,

    /// <summary>The page is open, no more: polling, background refresh. Keeps the signal clock, not the idle clock.</summary>
    Alive,

    /// <summary>Nothing: the request leaves the session as it was.</summary>
    None,
}
