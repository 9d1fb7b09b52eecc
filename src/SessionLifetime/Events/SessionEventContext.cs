namespace SessionLifetime;

/// <summary>What every event of a session carries.</summary>
public abstract class SessionEventContext
{
    private protected SessionEventContext(TabSession session) => Session = session;

    /// <summary>The session the event is about. Its state is readable, also when it has ended.</summary>
    public TabSession Session { get; }

    /// <summary>
    /// Which attempt to deliver this event it is. Where sessions are shared between nodes, an event is delivered at least once: again, by another node, when
    /// the node that had it was gone before its handlers had finished.
    /// </summary>
    /// <value>1; higher for an event that may have been delivered before.</value>
    public int Attempt { get; internal init; } = 1;
}
