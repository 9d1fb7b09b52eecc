namespace SessionLifetime;

/// <summary>What every event of a session carries.</summary>
public abstract class SessionEventContext
{
    private protected SessionEventContext(TabSession session) => Session = session;

    /// <summary>The session the event is about. Its state is readable, also when it has ended.</summary>
    public TabSession Session { get; }
}
