using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Reading;

/// <summary>Requests for a document of its own that the browser makes by itself: a link, a form, a typed address, Back.</summary>
internal static class PlainNavigation
{
    /// <summary>
    /// Browsers say so (Fetch Metadata: <c>Sec-Fetch-Mode: navigate</c> to a <c>document</c>), except on insecure origins and old ones,
    /// which at least say that they would like a page.
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
    /// One that may have come from a page of ours, or from nowhere: what such a page leaves in a cookie is not meant for the forms of other
    /// sites. A GET may come from anywhere: it is who comes back from a sign-in elsewhere.
    /// </summary>
    public static bool IsOwn(HttpRequest request) =>
        IsOne(request)
        && (HttpMethods.IsGet(request.Method)
            || HttpMethods.IsHead(request.Method)
            || Is(request.Headers[SessionHeaders.SecFetchSite].ToString(), "none")
            || RequestOrigin.IsSame(request)
            || (request.Headers[SessionHeaders.SecFetchSite].Count == 0 && Is(request.Headers.Origin.ToString(), "null")));

    /// <summary>One of a frame.</summary>
    public static bool IsInFrame(HttpRequest request) =>
        Is(request.Headers[SessionHeaders.SecFetchMode].ToString(), "navigate") && !IsOne(request);

    /// <summary>One that asks for a page and changes nothing.</summary>
    public static bool IsGet(HttpRequest request) => HttpMethods.IsGet(request.Method) && IsOne(request);

    private static bool Is(string value, string expected) => string.Equals(value, expected, StringComparison.OrdinalIgnoreCase);
}
