namespace SessionLifetime;

/// <summary>
/// This process stops and the session goes on in another one, which finds its persisted state but not its live objects: save here what they hold.
/// </summary>
/// <remarks>
/// Raised at most once, by a process that stops in an orderly way, for each session that owns live objects or connections in it, and only where sessions
/// are kept in a store. A process that is killed raises nothing: what must not be lost belongs into the session's persisted state when it changes.
/// </remarks>
public sealed class SessionLeavingContext : SessionEventContext
{
    internal SessionLeavingContext(TabSession session)
        : base(session)
    {
    }
}
