namespace SessionLifetime;

/// <summary>The session ended. Raised once for every session; its state is still readable.</summary>
public sealed class ApplicationExitContext : SessionEventContext
{
    internal ApplicationExitContext(TabSession session, SessionEndReason reason)
        : base(session) => Reason = reason;

    /// <summary>Why it ended.</summary>
    public SessionEndReason Reason { get; }
}
