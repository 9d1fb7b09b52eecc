using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Reading;

/// <summary>Requests a browser makes before anybody asked for them (Fetch standard, <c>Sec-Purpose: prefetch</c>, also <c>prefetch;prerender</c>).</summary>
internal static class Speculation
{
    public static bool IsSpeculative(HttpRequest request) => IsSpeculative(request.Headers);

    public static bool IsSpeculative(IHeaderDictionary headers) =>
        headers.TryGetValue(SessionHeaders.SecPurpose, out var purpose)
        && purpose.ToString() is { Length: > 0 } text
        && (text.Contains("prefetch", StringComparison.OrdinalIgnoreCase) || text.Contains("prerender", StringComparison.OrdinalIgnoreCase));
}
