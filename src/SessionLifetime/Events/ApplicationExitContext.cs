namespace SessionLifetime;

/// <summary>The session ended. Raised once for every session; its state is still readable.</summary>
public sealed class ApplicationExitContext : SessionEventContext
{
    internal ApplicationExitContext(TabSession session, SessionEndReason reason)
        : base(session) => Reason = reason;

    /// <summary>Why it ended.</summary>
    /// <value>The same as <see cref="TabSession.EndReason"/>.</value>
    public SessionEndReason Reason { get; }
}
