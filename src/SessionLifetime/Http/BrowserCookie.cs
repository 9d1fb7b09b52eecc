using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime;

/// <summary>Reads the key of a browser from its cookie, and hands it out.</summary>
internal sealed class BrowserCookie(IOptions<BrowserCookieOptions> options, IHostEnvironment environment, ILogger<BrowserCookie> logger)
{
    private readonly CookieBuilder _cookie = options.Value.Cookie;
    private readonly string _name = options.Value.Cookie.Name!;
    private int _hasWarned;

    /// <summary>The key the browser has; none where it sends nothing that is one. Of several, the one set nearest to the path.</summary>
    public BrowserKey Read(HttpRequest request)
    {
        foreach (var value in new CookieValues(request.Headers.Cookie, _name))
        {
            if (BrowserKey.TryParse(value, out var key))
            {
                return key;
            }
        }

        return BrowserKey.None;
    }

    /// <summary>Whether the browser has this key, whatever others it has.</summary>
    public bool Carries(IHeaderDictionary headers, BrowserKey key)
    {
        foreach (var value in new CookieValues(headers.Cookie, _name))
        {
            if (BrowserKey.TryParse(value, out var sent) && sent == key)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Sets the cookie: a new one, or the browser's own for another while.</summary>
    public void Hand(HttpContext context, BrowserKey key)
    {
        var cookie = _cookie.Build(context);
        cookie.Path = _cookie.Path ?? (context.Request.PathBase.HasValue ? context.Request.PathBase.Value : "/");
        context.Response.Cookies.Append(_name, key.Reveal(), cookie);
        if (!cookie.Secure && !environment.IsDevelopment() && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.CookieNotSecure();
        }
    }
}
