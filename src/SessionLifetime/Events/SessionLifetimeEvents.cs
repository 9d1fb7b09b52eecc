using SessionLifetime.Events;

namespace SessionLifetime;

/// <summary>
/// The events of all sessions as plain C# events, for those who like them so: a singleton to inject anywhere. Subscribers run after the
/// handlers registered at start, in the order of their subscription. An <c>async void</c> subscriber is waited for, and one that throws
/// is logged like any other.
/// </summary>
/// <remarks>
/// Subscribers are called on a handler thread of the library, outside every lock, so they may block; what follows an <c>await</c> runs on the
/// thread pool. The sender is this object. Subscribing and unsubscribing is thread-safe.
/// </remarks>
public sealed class SessionLifetimeEvents
{
    /// <summary>A new session exists. Called on a handler thread; the browser's first answer waits for it.</summary>
    public event EventHandler<SessionStartedContext>? SessionStarted;

    /// <summary>A page of an existing session attached. Called on a handler thread; its answer waits for it.</summary>
    public event EventHandler<SessionResumedContext>? SessionResumed;

    /// <summary>
    /// The user was idle for the session's timeout. Called on a handler thread. Set <see cref="SessionTimeoutContext.Handled"/> to keep the session
    /// alive.
    /// </summary>
    public event EventHandler<SessionTimeoutContext>? SessionTimeout;

    /// <summary>A page was unloaded and no page of its tab followed. Called on a handler thread.</summary>
    public event EventHandler<PageUnloadedContext>? PageUnloaded;

    /// <summary>The session ended, once; its state is still readable. Called on a handler thread.</summary>
    public event EventHandler<ApplicationExitContext>? ApplicationExit;

    /// <summary>
    /// This process stops, the session goes on elsewhere. Called on a handler thread, at most once, for sessions that own live objects or connections
    /// here; only where sessions are kept in a store.
    /// </summary>
    public event EventHandler<SessionLeavingContext>? SessionLeaving;

    /// <summary>The subscribers of one event; null when there are none.</summary>
    internal MulticastDelegate? Subscribers(SessionEventKind kind) => kind switch
    {
        SessionEventKind.SessionStarted => SessionStarted,
        SessionEventKind.SessionResumed => SessionResumed,
        SessionEventKind.SessionTimeout => SessionTimeout,
        SessionEventKind.PageUnloaded => PageUnloaded,
        SessionEventKind.ApplicationExit => ApplicationExit,
        SessionEventKind.SessionLeaving => SessionLeaving,
        _ => null,
    };

    internal void Invoke(Delegate subscriber, SessionEventContext context)
    {
        switch (context)
        {
            case SessionStartedContext started:
                ((EventHandler<SessionStartedContext>)subscriber)(this, started);
                break;
            case SessionResumedContext resumed:
                ((EventHandler<SessionResumedContext>)subscriber)(this, resumed);
                break;
            case SessionTimeoutContext timeout:
                ((EventHandler<SessionTimeoutContext>)subscriber)(this, timeout);
                break;
            case PageUnloadedContext unloaded:
                ((EventHandler<PageUnloadedContext>)subscriber)(this, unloaded);
                break;
            case ApplicationExitContext exit:
                ((EventHandler<ApplicationExitContext>)subscriber)(this, exit);
                break;
            case SessionLeavingContext leaving:
                ((EventHandler<SessionLeavingContext>)subscriber)(this, leaving);
                break;
            default:
                throw new ArgumentException($"No event carries a {context.GetType().Name}.", nameof(context));
        }
    }
}
