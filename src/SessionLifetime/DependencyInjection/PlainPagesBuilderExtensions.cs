using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Browser;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Lifecycle;
using SessionLifetime.Http.Navigation;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Gives navigations (links, forms, redirects) their sessions.</summary>
public static class PlainPagesBuilderExtensions
{
    /// <summary>
    /// Lets links, forms, redirects, reload and Back reach the server with the session of their tab: the page that is being left writes
    /// a one-time token into a cookie, which the server removes with its answer. Needs the browser module in the pages, best by
    /// <c>&lt;session-lifetime /&gt;</c>, which adds <c>session-lifetime-relay.js</c>.
    /// </summary>
    /// <remarks>
    /// Antiforgery tokens then name the session they were made for: a form that reaches the server with another living session than
    /// the one its page was rendered for is refused. An <see cref="IAntiforgeryAdditionalDataProvider"/> of the app's own is kept.
    /// </remarks>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static SessionLifetimeBuilder AddNavigationRelay(this SessionLifetimeBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<NavigationRelay>();
        builder.Services.TryAddSingleton<TabQuestion>();
        builder.Services.TryAddSingleton<IReturnPage, ReturnPage>();
        builder.Services.TryAddSingleton<RelayModule>();
        builder.Services.TryAddSingleton<RelayCall>();
        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IStartupFilter, EarlyRedirects>());

        // The framework registers a provider that adds nothing, before this call or after it; it does not replace another one.
        var own = builder.Services.LastOrDefault(static service => service.ServiceType == typeof(IAntiforgeryAdditionalDataProvider));
        if (own is null || own.ImplementationType?.Assembly == typeof(IAntiforgery).Assembly)
        {
            builder.Services.Replace(ServiceDescriptor.Singleton<IAntiforgeryAdditionalDataProvider, TabAntiforgery>());
        }

        return builder;
    }

    /// <summary>
    /// Carries the session's id in a cookie (<c>SessionLifetime.Session</c>: HttpOnly, SameSite Lax, secure on HTTPS, for the app's path
    /// base, gone with the browser) where no script carries it: one session for a browser without script. Where the module runs, each
    /// tab has its own.
    /// </summary>
    /// <remarks>
    /// Browsers also add the cookie to requests of other sites: protect what changes state by antiforgery tokens, as with every cookie. The lifecycle
    /// calls, WebSockets, event streams and hubs heed it only where <c>Sec-Fetch-Site</c>, or <c>Origin</c>, says that a page of the app
    /// makes them.
    /// </remarks>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="configure">Changes the cookie; checked when the app starts. Null: the cookie as above.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static SessionLifetimeBuilder AddCookieTransport(this SessionLifetimeBuilder builder, Action<CookieBuilder>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var options = builder.Services.AddOptions<TransportCookieOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(cookie => configure(cookie.Cookie));
        }

        builder.Services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<TransportCookieOptions>, TransportCookieOptionsValidator>());
        builder.Services.TryAddSingleton<TransportCookie>();
        return builder;
    }
}
