namespace SessionLifetime;

/// <summary>A new session exists. The browser's first answer waits for these handlers.</summary>
public sealed class SessionStartedContext : SessionEventContext
{
    internal SessionStartedContext(TabSession session)
        : base(session)
    {
    }
}
