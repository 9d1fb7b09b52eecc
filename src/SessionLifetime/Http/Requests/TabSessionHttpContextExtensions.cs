using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime;

/// <summary>The session of a request.</summary>
public static class TabSessionHttpContextExtensions
{
    /// <summary>
    /// The living session the request belongs to.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <returns>
    /// The session; null when the request carries no id, or one that leads to no living session, or when <c>UseSessionLifetime()</c> has not run
    /// before.
    /// </returns>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is null.</exception>
    public static TabSession? GetTabSession(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<TabSession>();
    }

    /// <summary>
    /// Ends the request's session, if it has one, and sends the browser elsewhere: a navigation by 303 (RFC 9110, 15.4.4); a script request,
    /// which carries the id header, by 200 with <c>X-Session-State: ended</c> and <c>X-Session-Location</c>, which the browser module follows. Write nothing else to the
    /// response. The page it leads to starts no session unless it starts the browser module.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="url">Where to; absolute with <c>https://</c> or <c>http://</c>, or relative to the site, or <c>~/bye</c> for a page of the app,
    /// below its path base. What only looks like a path, <c>//host</c> or <c>/\host</c> or <c>~//host</c>, is refused, and so are other schemes. Never
    /// take it from the request unchecked: it would be an open redirect.</param>
    /// <returns>Completes when the <c>ApplicationExit</c> handlers have run and the answer's headers are set.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> or <paramref name="url"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="url"/> is empty, not a URL, or one that leads elsewhere than it says; the session lives on.</exception>
    /// <exception cref="InvalidOperationException">The response has started.</exception>
    public static async Task ExitAndRedirectAsync(this HttpContext context, string url)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentException.ThrowIfNullOrWhiteSpace(url);
        if (context.Response.HasStarted)
        {
            throw new InvalidOperationException("The response has started: call ExitAndRedirectAsync before anything is written to it.");
        }

        // Before the session ends, so that a URL that cannot be sent throws while the session is alive.
        var location = BrowserAddress.ToHeader(url, context.Request.PathBase, nameof(url));
        var isScript = IsScript(context);
        if (context.GetTabSession() is { } session)
        {
            await session.ExitAsync();
        }

        PageCaches.KeepOut(context);
        if (isScript)
        {
            context.Response.StatusCode = StatusCodes.Status200OK;
            context.Response.Headers[SessionHeaders.State] = "ended";
            context.Response.Headers[SessionHeaders.Location] = location;
        }
        else
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = location;
        }

        context.Response.Headers.CacheControl = "no-store";
    }

    /// <summary>
    /// By the id header, which only script can send, unless <c>Sec-Fetch-Mode</c> says that the browser navigates; browsers omit it on insecure origins.
    /// </summary>
    private static bool IsScript(HttpContext context) =>
        !string.Equals(context.Request.Headers[SessionHeaders.SecFetchMode], "navigate", StringComparison.OrdinalIgnoreCase)
        && context.RequestServices.GetService<SessionFinder>()?.TryGetHeader(context.Request.Headers, out _) == true;
}
