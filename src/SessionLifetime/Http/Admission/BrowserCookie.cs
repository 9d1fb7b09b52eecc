using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>Reads the key of a browser from its cookie, and sets the cookie.</summary>
internal sealed class BrowserCookie(IOptions<BrowserCookieOptions> options, IHostEnvironment environment, ILogger<BrowserCookie> logger)
{
    private readonly CookieBuilder _cookie = options.Value.Cookie;
    private readonly string _name = options.Value.Cookie.Name!;
    private int _hasWarned;

    /// <summary>The browser's key; none where it sends no valid one. Of several, the one with the longest path.</summary>
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

    /// <summary>The key with this hash, if the browser sends it; otherwise none.</summary>
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

    /// <summary>Whether the browser sends this key, possibly among others.</summary>
    public bool Carries(IHeaderDictionary headers, BrowserKey key)
    {
        var cookies = headers.Cookie;
        return (cookies.Count == 1 && CarriesInUsualForm(cookies[0], key)) || CarriesInAnyForm(cookies, key);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool CarriesInAnyForm(StringValues cookies, BrowserKey key)
    {
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
    /// Whether the line has the key in the form browsers send: at the start or after <c>"; "</c>, unquoted, the first cookie of its name. False: undecided;
    /// read all values.
    /// </summary>
    private bool CarriesInUsualForm(ReadOnlySpan<char> line, BrowserKey key)
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

    /// <summary>Sets the cookie: with a new key, or with the browser's own and a new expiry.</summary>
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
