namespace SessionLifetime;

/// <summary>A page of an existing session attached: a refresh, Back, a restored tab. Its answer waits for these handlers.</summary>
public sealed class SessionResumedContext : SessionEventContext
{
    internal SessionResumedContext(TabSession session, string page)
        : base(session) => Page = page;

    /// <summary>The page that attached, as the browser names it.</summary>
    /// <value>1 to 64 letters, digits, hyphens and underscores.</value>
    public string Page { get; }
}
