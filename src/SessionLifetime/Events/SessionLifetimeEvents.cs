using SessionLifetime.Events;

namespace SessionLifetime;

/// <summary>
/// The events of all sessions as plain C# events, for those who like them so: a singleton to inject anywhere. Subscribers run after the
/// handlers registered at start, in the order of their subscription. An <c>async void</c> subscriber is waited for, and one that throws
/// is logged like any other.
/// </summary>
public sealed class SessionLifetimeEvents
{
    /// <summary>A new session exists.</summary>
    public event EventHandler<SessionStartedContext>? SessionStarted;

    /// <summary>A page of an existing session attached.</summary>
    public event EventHandler<SessionResumedContext>? SessionResumed;

    /// <summary>The user was idle for the session's timeout. Set <see cref="SessionTimeoutContext.Handled"/> to let it live on.</summary>
    public event EventHandler<SessionTimeoutContext>? SessionTimeout;

    /// <summary>A page is gone.</summary>
    public event EventHandler<PageUnloadedContext>? PageUnloaded;

    /// <summary>The session ended.</summary>
    public event EventHandler<ApplicationExitContext>? ApplicationExit;

    /// <summary>The subscribers of one event; null when there are none.</summary>
    internal MulticastDelegate? Subscribers(SessionEventKind kind) => kind switch
    {
        SessionEventKind.SessionStarted => SessionStarted,
        SessionEventKind.SessionResumed => SessionResumed,
        SessionEventKind.SessionTimeout => SessionTimeout,
        SessionEventKind.PageUnloaded => PageUnloaded,
        SessionEventKind.ApplicationExit => ApplicationExit,
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
            default:
                throw new ArgumentException($"No event carries a {context.GetType().Name}.", nameof(context));
        }
    }
}
