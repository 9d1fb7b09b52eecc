namespace SessionLifetime;

/// <summary>
/// Base of a class that hears of sessions: override what you need, register it with <c>AddHandler&lt;T&gt;()</c>. Events that no
/// handler overrides cost nothing.
/// </summary>
/// <remarks>
/// The class is resolved for each call from a scope of its own, so scoped services may be injected. Calls start on threads of their own,
/// one at a time for one session, many at a time for different sessions, outside every lock. A call that throws is logged; one that
/// outlives <see cref="SessionLifetimeOptions.HandlerTimeout"/> is abandoned and its token cancelled; neither keeps a session alive.
/// </remarks>
public abstract class SessionLifetimeHandler
{
    /// <summary>A new session exists.</summary>
    /// <param name="context">The session.</param>
    /// <param name="cancellationToken">Cancelled when the handler is abandoned at its time limit.</param>
    public virtual ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken) => default;

    /// <summary>A page of an existing session attached.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnSessionResumedAsync(SessionResumedContext context, CancellationToken cancellationToken) => default;

    /// <summary>The user was idle for the session's timeout. Set <see cref="SessionTimeoutContext.Handled"/> to let it live on.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnSessionTimeoutAsync(SessionTimeoutContext context, CancellationToken cancellationToken) => default;

    /// <summary>A page is gone.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnPageUnloadedAsync(PageUnloadedContext context, CancellationToken cancellationToken) => default;

    /// <summary>The session ended.</summary>
    /// <inheritdoc cref="OnSessionStartedAsync"/>
    public virtual ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken) => default;
}
