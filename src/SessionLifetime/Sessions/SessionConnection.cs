using SessionLifetime.Entries;

namespace SessionLifetime.Sessions;

/// <summary>Something that stays open for a session, and closes with it: a WebSocket, an event stream, a hub's connection.</summary>
internal abstract class SessionConnection : LinkedNode<SessionConnection>
{
    /// <summary>Where it stands while it is open.</summary>
    internal SessionConnections? Home;

    /// <summary>Begins to close it, telling the client why if that can be. Does not wait. Called once at most.</summary>
    /// <param name="reason">Why the session ended; null where it goes on, and only this process stops.</param>
    public abstract void Close(SessionEndReason? reason);

    /// <summary>It was asked to close a while ago, and is still open: cuts it off.</summary>
    public abstract void Abort();

    /// <summary>It is closed. A second call does nothing.</summary>
    public virtual void Leave() => Home?.Remove(this);
}
