using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Reading;

/// <summary>Whether a request was made by a page of the app itself.</summary>
internal static class RequestOrigin
{
    /// <summary>
    /// Browsers say so (Fetch Metadata, <c>Sec-Fetch-Site</c>), except on insecure origins and old ones; those put <c>Origin</c> on every
    /// request that leaves its origin (Fetch, section 3.2).
    /// </summary>
    public static bool IsSame(HttpRequest request)
    {
        var site = request.Headers[SessionHeaders.SecFetchSite];
        if (site.Count > 0)
        {
            return site.Count == 1 && string.Equals(site[0], "same-origin", StringComparison.OrdinalIgnoreCase);
        }

        // Both as they came, in ASCII: to decode a host is to fail at some that are none (RFC 3492).
        var origin = request.Headers.Origin;
        return origin.Count == 0
            || (origin.Count == 1
                && string.Equals(origin[0], $"{request.Scheme}://{request.Headers.Host}", StringComparison.OrdinalIgnoreCase));
    }
}
