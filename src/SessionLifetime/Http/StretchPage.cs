using System.Text;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

/// <summary>The page for browsers without script: it asks to be loaded again as long as its session lives, and shows nothing.</summary>
internal static class StretchPage
{
    // A refresh without a URL adds no history entry (measured); 55 seconds leave a timeout of one minute some latency.
    private const string Refresh = """<meta http-equiv="refresh" content="55">""";

    private static readonly byte[] s_refreshing = Page(Refresh);
    private static readonly byte[] s_resting = Page("");

    public static async Task WriteAsync(HttpContext context, bool refreshes)
    {
        var page = refreshes ? s_refreshing : s_resting;
        var response = context.Response;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'self'";
        response.Headers.XContentTypeOptions = "nosniff";
        await response.Body.WriteAsync(page, context.RequestAborted);
    }

    private static byte[] Page(string head) => Encoding.UTF8.GetBytes(
        $"""<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Keep-alive</title>{head}</head><body></body></html>""");
}
