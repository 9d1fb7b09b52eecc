using Microsoft.AspNetCore.Http;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Whether a tab has to be asked for its session before an endpoint runs: it comes back from another site, from where no page of the app could send
/// a token along. Only a script in the tab knows the session, so a page of ours is served in place of the endpoint, and loads the address again.
/// </summary>
/// <remarks>
/// Asked are navigations by GET, of browsers that say where they come from (<c>Sec-Fetch-Site</c>), and that have a session at all. A mark in a cookie of
/// the answer says that the tab was asked, so that no browser is asked twice for one navigation.
/// </remarks>
internal sealed class TabQuestion(SessionEngine engine, BrowserCookie browsers, TimeProvider time)
{
    /// <summary>A page of the app was left for another site: then Back, too, comes from there.</summary>
    private const string AwayCookie = "SessionLifetime.Away";

    /// <summary>How long the mark is kept: longer than the page waits for its scripts.</summary>
    private static readonly TimeSpan s_markLifetime = TimeSpan.FromSeconds(15);

    /// <summary>Whether the tab has to be asked.</summary>
    public async ValueTask<bool> IsDueAsync(HttpContext context)
    {
        var request = context.Request;
        var site = request.Headers[SessionHeaders.SecFetchSite].ToString();
        return site.Length > 0
            && PlainNavigation.IsGet(request)
            && (!string.Equals(site, "same-origin", StringComparison.OrdinalIgnoreCase) || IsAway(request))
            && !RelayCookie.For(request).Any(cookie => cookie.IsAsked && cookie.IsRecent(time.GetUtcNow()))
            && browsers.Read(request) is { IsNone: false } browser
            && (await engine.Directory.ListAsync(new(Browser: browser.ToId()), after: null, count: 1, context.RequestAborted)).Count > 0;
    }

    /// <summary>Marks in the answer that the tab is asked.</summary>
    public void Mark(HttpContext context, string path)
    {
        var (high, _) = RandomBits.Next128();
        var mark = RelayCookie.Asked(RelayCookie.Prefix + Base64UrlIds.Format(high), context.Request, time.GetUtcNow(), path);
        NavigationRelay.Write(context, mark, s_markLifetime);

        // It is Strict, as all the relay's are: a request from another site does not show whether it is there.
        context.Response.Cookies.Append(AwayCookie, "", NavigationRelay.Options(context, TimeSpan.Zero, path));
    }

    private static bool IsAway(HttpRequest request) => request.Cookies.ContainsKey(AwayCookie);
}
