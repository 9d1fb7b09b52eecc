using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Browser;

/// <summary>
/// The page that looks up the session of its tab: empty, with a script that leaves the tab's token in the relay cookie and loads the address anew.
/// </summary>
/// <remarks>
/// Where the script does not run within <see cref="Patience"/> (a content-security policy of the app may forbid it), the page loads itself, and the
/// navigation goes on without the tab's session.
/// </remarks>
internal sealed class TabLookupPage(BrowserModuleAddress address, RelayModule module, IOptions<SessionLifetimeOptions> options, TimeProvider time) : ITabLookupPage
{
    /// <summary>How many seconds the script has: for a file and a call.</summary>
    private const int Patience = 10;

    public async Task WriteAsync(HttpContext context)
    {
        var (request, response) = (context.Request, context.Response);
        var here = Encode(OwnAddress(request));
        var source = $"{Encode(address.Sibling(request, RelayModule.TabFileName))}?v={module.TabVersion}";
        var page = Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"""
            <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>&#8203;</title>
            <meta http-equiv="refresh" content="{Patience};url={here}"><noscript><meta http-equiv="refresh" content="0;url={here}"></noscript>
            <script type="module" src="{source}" data-session-lifetime-relay data-path="{Encode(CookieRules.PathOf(request))}" data-id-header="{Encode(options.Value.IdHeaderName)}" data-now="{time.GetUtcNow().ToUnixTimeSeconds()}"></script>
            </head><body></body></html>
            """));
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/html; charset=utf-8";
        response.ContentLength = page.Length;
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; connect-src 'self'";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers["Referrer-Policy"] = "same-origin";
        await response.Body.WriteAsync(page, context.RequestAborted);
    }

    /// <summary>The address of the request, as a page of this origin names it: <c>//host</c> and <c>/\host</c> would lead to another one.</summary>
    private static string OwnAddress(HttpRequest request)
    {
        var address = RelayCookie.AddressOf(request);
        if (address is not ['/', ..])
        {
            // The request line names the whole address, host included.
            address = request.PathBase.ToUriComponent() + request.Path.ToUriComponent() + request.QueryString.ToUriComponent();
        }

        return address is ['/', '/' or '\\', ..] ? "/." + address : address;
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
