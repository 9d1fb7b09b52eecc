using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

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

    /// <summary>The key of this hash, if the browser has it; otherwise none.</summary>
    public BrowserKey Find(IHeaderDictionary headers, string hash)
    {
        foreach (var value in new CookieValues(headers.Cookie, _name))
        {
            if (BrowserKey.TryParse(value, out var key) && string.Equals(SecretHash.Of(key), hash, StringComparison.Ordinal))
            {
                return key;
            }
        }

        return BrowserKey.None;
    }

    /// <summary>Whether the browser has this key, whatever others it has.</summary>
    public bool Carries(IHeaderDictionary headers, BrowserKey key)
    {
        var cookies = headers.Cookie;
        if (cookies.Count == 1 && CarriesPlainly(cookies[0], key))
        {
            return true;
        }

        foreach (var value in new CookieValues(cookies, _name))
        {
            if (BrowserKey.TryParse(value, out var sent) && sent == key)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Whether it stands there as browsers send it: after the start or <c>"; "</c>, unquoted, and first of its name. Nearly all requests are
    /// answered so; false says nothing.
    /// </summary>
    private bool CarriesPlainly(ReadOnlySpan<char> line, BrowserKey key)
    {
        var at = line.IndexOf(_name);
        var value = at + _name.Length + 1;
        var end = value + Base64UrlIds.TwoLength;
        return at >= 0
            && end <= line.Length
            && line[value - 1] == '='
            && (end == line.Length || line[end] == ';')
            && (at == 0 || (at >= 2 && line[at - 1] == ' ' && line[at - 2] == ';'))
            && BrowserKey.TryParse(line[value..end], out var sent)
            && sent == key;
    }

    /// <summary>Sets the cookie: a new one, or the browser's own for another while.</summary>
    public void Append(HttpContext context, BrowserKey key)
    {
        var cookie = CookieRules.For(_cookie, context, CookieRules.PathOf(context.Request));
        context.Response.Cookies.Append(_name, key.Reveal(), cookie);
        if (!cookie.Secure && !environment.IsDevelopment() && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.CookieNotSecure();
        }
    }
}
