namespace SessionLifetime;

/// <summary>
/// Base of a class that hears of sessions: override what you need, register it with <c>AddHandler&lt;T&gt;()</c>. Events that no
/// handler overrides cost nothing.
/// </summary>
/// <remarks>
/// The class is resolved for each call from a scope of its own, so scoped services may be injected. Calls start on the library's handler
/// threads, one at a time for one session, many at a time for different sessions, outside every lock, so they may block; what follows an
/// <c>await</c> runs on the thread pool. A call that throws is logged; one that
/// outlives <see cref="SessionLifetimeOptions.HandlerTimeout"/> is abandoned and its token cancelled; neither keeps a session alive.
/// </remarks>
public abstract class SessionLifetimeHandler
{
    /// <summary>A new session exists. Called on a handler thread; the browser's first answer waits for it: load state here.</summary>
    /// <param name="context">The session, and what the event tells of it.</param>
    /// <param name="cancellationToken">Cancelled when the handler is abandoned at its time limit, <see cref="SessionLifetimeOptions.HandlerTimeout"/>.</param>
    /// <returns>Completes when the handler has done its work; the next handler waits for it.</returns>
    public virtual ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken) => default;

    /// <summary>A page of an existing session attached. Called on a handler thread; its answer waits for it.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnSessionResumedAsync(SessionResumedContext context, CancellationToken cancellationToken) => default;

    /// <summary>
    /// The user was idle for the session's timeout. Called on a handler thread. Set <see cref="SessionTimeoutContext.Handled"/> to keep the session
    /// alive.
    /// </summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnSessionTimeoutAsync(SessionTimeoutContext context, CancellationToken cancellationToken) => default;

    /// <summary>A page was unloaded and no page of its tab followed. Called on a handler thread.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnPageUnloadedAsync(PageUnloadedContext context, CancellationToken cancellationToken) => default;

    /// <summary>The session ended, once; its state is still readable. Called on a handler thread.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken) => default;

    /// <summary>
    /// This process stops, the session goes on elsewhere: save what it keeps alive here. Called on a handler thread, at most once, for sessions that own
    /// live objects or connections here; only where sessions are kept in a store.
    /// </summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnSessionLeavingAsync(SessionLeavingContext context, CancellationToken cancellationToken) => default;
}
