using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Browser;

/// <summary>
/// An empty page with the module's tags. The relay's script finds out the session of the tab, leaves its token behind, and loads the address again; where
/// no script runs, or none may, the page does so by itself, without a token.
/// </summary>
internal sealed class ReturnPage : IReturnPage
{
    /// <summary>It joins the session of the tab, and starts none.</summary>
    private static readonly KeyValuePair<string, string>[] s_options = [new("data-start", "never")];

    public Task WriteAsync(HttpContext context)
    {
        var response = context.Response;
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'self'; require-trusted-types-for 'script'";
        return response.WriteAsync($"""
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <title>…</title>
              <meta http-equiv="refresh" content="10">
              <noscript><meta http-equiv="refresh" content="0"></noscript>
            </head>
            <body>
            {context.GetSessionLifetimeTags(s_options).Replace("data-session-lifetime-relay ", "data-session-lifetime-relay data-returns ", StringComparison.Ordinal)}
            </body>
            </html>
            """, context.RequestAborted);
    }
}
