using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Reading;

/// <summary>Whether a request was made by a page of the app itself.</summary>
internal static class RequestOrigin
{
    /// <summary>
    /// By Fetch Metadata (<c>Sec-Fetch-Site</c>); where that is missing, as in old browsers and on insecure origins, by <c>Origin</c>, which browsers put on
    /// every cross-origin request that is not a GET (Fetch, section 3.2).
    /// </summary>
    public static bool IsSame(HttpRequest request)
    {
        var site = request.Headers[SessionHeaders.SecFetchSite];
        if (site.Count > 0)
        {
            return site.Count == 1 && string.Equals(site[0], "same-origin", StringComparison.OrdinalIgnoreCase);
        }

        // Both undecoded, in ASCII: decoding throws for hosts that are not valid Punycode (RFC 3492).
        var origin = request.Headers.Origin;
        return origin.Count == 0
            || (origin.Count == 1
                && string.Equals(origin[0], $"{request.Scheme}://{request.Headers.Host}", StringComparison.OrdinalIgnoreCase));
    }
}
