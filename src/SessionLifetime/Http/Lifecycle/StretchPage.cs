using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>The page for browsers without script: empty, and reloaded as long as its session is alive.</summary>
internal static class StretchPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="context">The request.</param>
    /// <param name="interval">After how long it is reloaded; null for a page that is not.</param>
    public static async Task WriteAsync(HttpContext context, TimeSpan? interval)
    {
        // A refresh without a URL adds no history entry (measured).
        var head = interval is { } after
            ? string.Create(CultureInfo.InvariantCulture, $"""<meta http-equiv="refresh" content="{(long)after.TotalSeconds}">""")
            : "";
        var page = Encoding.UTF8.GetBytes(
            $"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Keep-alive</title>{head}</head><body></body></html>""");
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'self'";
        response.Headers.XFrameOptions = "SAMEORIGIN";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(page, context.RequestAborted);
    }
}
