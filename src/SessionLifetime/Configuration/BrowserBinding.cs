namespace SessionLifetime;

/// <summary>Whether sessions belong to the browser they were first used in.</summary>
public enum BrowserBinding
{
    /// <summary>As soon as the browser sends the cookie with its key. Where cookies never come, the id alone opens the session.</summary>
    WhenPossible,

    /// <summary>A request without the cookie is refused.</summary>
    Required,

    /// <summary>Never, and no cookie is set: whoever has the id has the session.</summary>
    Off,
}
