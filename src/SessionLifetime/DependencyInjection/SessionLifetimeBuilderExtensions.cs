using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SessionLifetime;
using SessionLifetime.Configuration;
using SessionLifetime.Events;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Subscribes to the events of sessions. Handlers run in the order they are added here, each on its own: one that throws is logged, one
/// that hangs is abandoned after <see cref="SessionLifetimeOptions.HandlerTimeout"/>, and neither keeps a session alive.
/// </summary>
/// <remarks>
/// A call starts on one of the library's handler threads, outside every lock, so it may block; what follows an <c>await</c> runs on the thread
/// pool. Calls for one session come one at a time, those for different sessions at the same time.
/// </remarks>
public static class SessionLifetimeBuilderExtensions
{
    /// <summary>Adds a handler class. It is resolved for each call from a scope of its own.</summary>
    /// <typeparam name="THandler">The class; registered as scoped unless the app registered it before.</typeparam>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static SessionLifetimeBuilder AddHandler<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods)]
    THandler>(this SessionLifetimeBuilder builder)
        where THandler : SessionLifetimeHandler
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddScoped<THandler>();
        builder.Services.AddSingleton(SessionHandlerFactory.FromClass<THandler>());
        return builder;
    }

    /// <summary>
    /// Configures the cookie that holds the browser's key. It is named <c>SessionLifetime.Browser</c>, HttpOnly, SameSite Lax, secure on HTTPS, for the
    /// app's path base, and lives 400 days. An app that other sites embed needs SameSite None, SecurePolicy Always, and
    /// <c>Extensions.Add("Partitioned")</c>.
    /// </summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="configure">Changes it; checked when the app starts.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="configure"/> is null.</exception>
    public static SessionLifetimeBuilder ConfigureBrowserCookie(this SessionLifetimeBuilder builder, Action<CookieBuilder> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(configure);
        builder.Services.Configure<BrowserCookieOptions>(options => configure(options.Cookie));
        return builder;
    }

    /// <summary>A new session exists. Its browser's first answer waits for the handler: load state here.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library. An <c>async</c> lambda is waited for.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionStarted(this SessionLifetimeBuilder builder, Action<SessionStartedContext> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionStarted, handler));

    /// <summary>A new session exists. Its browser's first answer waits for the handler: load state here.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library, with a token that is cancelled when it is abandoned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionStarted(this SessionLifetimeBuilder builder, Func<SessionStartedContext, CancellationToken, ValueTask> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionStarted, handler));

    /// <summary>A page of an existing session attached: a refresh, Back, a restored tab.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library. An <c>async</c> lambda is waited for.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionResumed(this SessionLifetimeBuilder builder, Action<SessionResumedContext> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionResumed, handler));

    /// <summary>A page of an existing session attached: a refresh, Back, a restored tab.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library, with a token that is cancelled when it is abandoned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionResumed(this SessionLifetimeBuilder builder, Func<SessionResumedContext, CancellationToken, ValueTask> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionResumed, handler));

    /// <summary>The user was idle for the session's timeout. Set <see cref="SessionTimeoutContext.Handled"/> to keep the session alive.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library. An <c>async</c> lambda is waited for.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionTimeout(this SessionLifetimeBuilder builder, Action<SessionTimeoutContext> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionTimeout, handler));

    /// <summary>The user was idle for the session's timeout. Set <see cref="SessionTimeoutContext.Handled"/> to keep the session alive.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library, with a token that is cancelled when it is abandoned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionTimeout(this SessionLifetimeBuilder builder, Func<SessionTimeoutContext, CancellationToken, ValueTask> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionTimeout, handler));

    /// <summary>A page was unloaded, and no page of its tab followed within <see cref="SessionLifetimeOptions.UnloadGrace"/>.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library. An <c>async</c> lambda is waited for.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnPageUnloaded(this SessionLifetimeBuilder builder, Action<PageUnloadedContext> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.PageUnloaded, handler));

    /// <summary>A page was unloaded, and no page of its tab followed within <see cref="SessionLifetimeOptions.UnloadGrace"/>.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library, with a token that is cancelled when it is abandoned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnPageUnloaded(this SessionLifetimeBuilder builder, Func<PageUnloadedContext, CancellationToken, ValueTask> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.PageUnloaded, handler));

    /// <summary>The session ended, once; its state is still readable: release what belonged to it.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library. An <c>async</c> lambda is waited for.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnApplicationExit(this SessionLifetimeBuilder builder, Action<ApplicationExitContext> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.ApplicationExit, handler));

    /// <summary>The session ended, once; its state is still readable: release what belonged to it.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library, with a token that is cancelled when it is abandoned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnApplicationExit(this SessionLifetimeBuilder builder, Func<ApplicationExitContext, CancellationToken, ValueTask> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.ApplicationExit, handler));

    /// <summary>
    /// This process stops, the session goes on elsewhere: save what it keeps alive here. Raised for sessions that own live objects or connections here;
    /// only where sessions are kept in a store.
    /// </summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library. An <c>async</c> lambda is waited for.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionLeaving(this SessionLifetimeBuilder builder, Action<SessionLeavingContext> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionLeaving, handler));

    /// <summary>
    /// This process stops, the session goes on elsewhere: save what it keeps alive here. Raised for sessions that own live objects or connections here;
    /// only where sessions are kept in a store.
    /// </summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="handler">Called on a handler thread of the library, with a token that is cancelled when it is abandoned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="handler"/> is null.</exception>
    public static SessionLifetimeBuilder OnSessionLeaving(this SessionLifetimeBuilder builder, Func<SessionLeavingContext, CancellationToken, ValueTask> handler) =>
        builder.Add(SessionHandlerFactory.FromDelegate(SessionEventKind.SessionLeaving, handler));

    private static SessionLifetimeBuilder Add(this SessionLifetimeBuilder builder, SessionHandlerRegistration registration)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddSingleton(registration);
        return builder;
    }
}
