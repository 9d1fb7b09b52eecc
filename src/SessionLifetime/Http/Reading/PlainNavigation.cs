using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Reading;

/// <summary>Navigations: requests for a document that the browser sends for a link, a form, a typed address, Back.</summary>
internal static class PlainNavigation
{
    /// <summary>
    /// By Fetch Metadata (<c>Sec-Fetch-Mode: navigate</c> to a <c>document</c>); where that is missing, as in old browsers and on insecure origins, by
    /// <c>Accept: text/html</c>.
    /// </summary>
    public static bool IsOne(HttpRequest request)
    {
        var mode = request.Headers[SessionHeaders.SecFetchMode];
        if (mode.Count == 0)
        {
            return request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase)
                && !string.Equals(request.Headers.XRequestedWith, "XMLHttpRequest", StringComparison.OrdinalIgnoreCase);
        }

        var destination = request.Headers[SessionHeaders.SecFetchDest];
        return Is(mode.ToString(), "navigate") && (destination.Count == 0 || Is(destination.ToString(), "document"));
    }

    /// <summary>
    /// Whether a relay cookie may be used for the navigation: by GET always, since users return from sign-in pages of other sites; a form post only if
    /// it comes from a page of the app, or from none.
    /// </summary>
    public static bool IsOwn(HttpRequest request) =>
        (IsOne(request) || IsDownload(request))
        && (HttpMethods.IsGet(request.Method)
            || HttpMethods.IsHead(request.Method)
            || Is(request.Headers[SessionHeaders.SecFetchSite].ToString(), "none")
            || RequestOrigin.IsSame(request)
            || (request.Headers[SessionHeaders.SecFetchSite].Count == 0 && Is(request.Headers.Origin.ToString(), "null")));

    /// <summary>A link with <c>download</c>: a navigation whose destination is no document (measured in Chromium).</summary>
    public static bool IsDownload(HttpRequest request) =>
        Is(request.Headers[SessionHeaders.SecFetchMode].ToString(), "navigate") && Is(request.Headers[SessionHeaders.SecFetchDest].ToString(), "empty");

    /// <summary>A navigation of a frame, or a download.</summary>
    public static bool IsInFrame(HttpRequest request) =>
        Is(request.Headers[SessionHeaders.SecFetchMode].ToString(), "navigate") && !IsOne(request);

    /// <summary>A navigation by GET.</summary>
    public static bool IsGet(HttpRequest request) => HttpMethods.IsGet(request.Method) && IsOne(request);

    private static bool Is(string value, string expected) => string.Equals(value, expected, StringComparison.OrdinalIgnoreCase);
}
