using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Decides whether a navigation that came without its tab's token is answered by the page that looks up the tab's session, before any handler of
/// the app runs.
/// </summary>
/// <remarks>
/// <para>
/// No page of the app wrote a token where the browser comes back from another site, where <c>beforeunload</c> is missing, after a page without the
/// module, and in a new tab. The request alone does not tell these apart: only a script in the tab can read which session it has. So where the browser
/// has a living session, which may be this tab's, the script is asked; elsewhere the navigation goes on at once.
/// </para>
/// <para>
/// A form post cannot be repeated, and one of another site is nothing to repeat in a session: it goes on, and has none. The redirect that answers it is
/// a navigation by GET again.
/// </para>
/// </remarks>
internal sealed class TabLookup(SessionEngine engine, BrowserCookie cookie, ITabLookupPage page, IOptions<SessionLifetimeOptions> options)
{
    private readonly bool _hasBrowsers = options.Value.BrowserBinding != BrowserBinding.Off;

    /// <summary>Whether the tab must be asked.</summary>
    /// <param name="context">The request; it brought no token and no mark that is believed.</param>
    /// <param name="found">The session that the transport cookie names, if any: that of the browser, not of the tab.</param>
    public async ValueTask<bool> IsNeededAsync(HttpContext context, SessionEntry? found)
    {
        if (!PlainNavigation.IsGet(context.Request) || context.Response.HasStarted || RefreshesItself(context.Request))
        {
            return false;
        }

        if (!_hasBrowsers)
        {
            return engine.Directory.Count > 0 && ComesFromOutside(context.Request);
        }

        if (cookie.Read(context.Request) is not { IsNone: false } key)
        {
            return false;
        }

        var living = await engine.Directory.ListAsync(new SessionFilter(Browser: key.ToId()), after: null, count: 2, context.RequestAborted);
        return living.Any(entry => entry != found);
    }

    /// <summary>Answers with the page that looks it up.</summary>
    public Task WriteAsync(HttpContext context) => page.WriteAsync(context);

    /// <summary>
    /// Whether the page at this address loads itself: the lookup page does so where its script does not run, and then the navigation goes on.
    /// </summary>
    private static bool RefreshesItself(HttpRequest request)
    {
        var referrer = request.Headers.Referer.ToString();
        return referrer.Length > 0
            && string.Equals(referrer, $"{request.Scheme}://{request.Headers.Host}{RelayCookie.AddressOf(request)}", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether a page of another origin, also of the same site, leads here.</summary>
    private static bool ComesFromOutside(HttpRequest request) =>
        request.Headers[SessionHeaders.SecFetchSite].ToString() is var site
        && (string.Equals(site, "cross-site", StringComparison.OrdinalIgnoreCase) || string.Equals(site, "same-site", StringComparison.OrdinalIgnoreCase));
}
