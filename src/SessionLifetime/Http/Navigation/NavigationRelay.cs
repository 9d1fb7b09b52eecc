using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Finds the session of the tab that navigates: by a one-time token that the page wrote into a cookie when it was left, valid for a few seconds.
/// </summary>
/// <remarks>
/// A token can be used for one request, by the session's browser. The answer deletes the cookie. A redirect sets a new one for the redirected request,
/// since no page runs that could write it.
/// </remarks>
internal sealed class NavigationRelay(OneTimeTokens tokens, SessionFinder finder, SessionEngine engine, SessionMetrics metrics, TimeProvider time)
{
    /// <summary>How many tokens a page keeps: one for the next navigation, and one for the navigation after a download, which leaves the page open.</summary>
    public const int Stock = 2;

    /// <summary>How long a page may keep them.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How long a browser keeps the cookie.</summary>
    private static readonly TimeSpan s_cookieLifetime = TimeSpan.FromSeconds(5);

    private readonly RedirectSequencer _redirects = new(time);

    /// <summary>Tokens for a page; fewer than <paramref name="count"/>, or none, where the limit of tokens is reached.</summary>
    public IReadOnlyList<string> Issue(SessionEntry entry, SessionId secret, BrowserKey browser, int count = Stock, PageId page = default) =>
        [.. Enumerable.Range(0, count).Select(_ => Issue(entry, secret, browser, Lifetime, page)).OfType<string>()];

    /// <summary>The lookup of the first relay cookie with a valid token, and that cookie; missing where the request has no relay cookie.</summary>
    public async ValueTask<(SessionLookup Lookup, RelayCookie Used)> FindAsync(HttpContext context)
    {
        var lookup = new SessionLookup(SessionLookupStatus.Missing);
        var used = default(RelayCookie);
        foreach (var cookie in RelayCookie.For(context.Request))
        {
            if (cookie.IsAsked)
            {
                continue;
            }

            var isRecent = cookie.IsRecent(time.GetUtcNow());
            if (cookie.IsEnded(out var session, out var reason))
            {
                if (isRecent && await engine.Directory.FindAsync(session, context.RequestAborted) is null)
                {
                    return (new(SessionLookupStatus.Ended, Reason: reason, Carrier: SessionCarrier.Relay), cookie);
                }

                continue;
            }

            if (tokens.TryRedeem(TokenPurpose.Navigation, cookie.Token, context.Request, out var grant))
            {
                _redirects.Leave(grant.Browser, cookie.Target, cookie.Name);
                return (await finder.FindAsync(context, context.RequestHeaders(), grant.Secret) with { Carrier = SessionCarrier.Relay }, cookie);
            }

            // Used already, expired, or another browser's. The next cookie may be valid.
            if (isRecent)
            {
                metrics.Refused("relay");
                (lookup, used) = (new(SessionLookupStatus.Unknown, Carrier: SessionCarrier.Relay), cookie);
            }
        }

        return (lookup, used);
    }

    /// <summary>Sets the cookie for the redirected request, if the redirect stays within the site.</summary>
    public async ValueTask IssueForRedirectAsync(HttpContext context, PlainRequest request)
    {
        var entry = request.Entry!;
        var location = context.Response.Headers.Location.ToString();
        if (entry.IsEnded || !IsWithinSite(context.Request, location))
        {
            return;
        }

        var (high, _) = RandomBits.Next128();
        var name = RelayCookie.Prefix + Base64UrlIds.Format(high);
        var target = RelayCookie.TargetOfRedirect(context.Request, location);
        await _redirects.EnterAsync(request.Browser, target, name);

        // With the id that the request used: a newer one is not used before the module has received it.
        if (Issue(entry, request.Sent, request.Browser, s_cookieLifetime) is { } token)
        {
            Write(context, new(name, token, time.GetUtcNow().ToUnixTimeMilliseconds(), target, request.CookiePath));
        }
    }

    /// <summary>Sets the cookie for a redirected request.</summary>
    public static void Write(HttpContext context, RelayCookie cookie, TimeSpan? lifetime = null) =>
        context.Response.Cookies.Append(cookie.Name, cookie.Format(), Options(context, lifetime ?? s_cookieLifetime, cookie.Path));

    /// <summary>Deletes the cookie of a navigation that has arrived.</summary>
    public static void Expire(HttpContext context, RelayCookie cookie, string path)
    {
        if (cookie.Name is not null)
        {
            context.Response.Cookies.Append(cookie.Name, "", Options(context, TimeSpan.Zero, path));
        }
    }

    /// <summary>What a cookie of the relay is like.</summary>
    public static CookieOptions Options(HttpContext context, TimeSpan maxAge, string path) => new()
    {
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = path,
        MaxAge = maxAge,
        IsEssential = true,
    };

    /// <summary>
    /// Whether a redirect stays within the site. Hosts are compared undecoded, in ASCII: decoding throws for hosts that are not valid Punycode (RFC 3492).
    /// </summary>
    public static bool IsWithinSite(HttpRequest request, string location)
    {
        if (location is ['/', ..])
        {
            return location is not ['/', '/' or '\\', ..];
        }

        if (!Uri.TryCreate(location, UriKind.Absolute, out _))
        {
            return location.Length > 0;
        }

        var here = $"{request.Scheme}://{request.Headers.Host}";
        return location.StartsWith(here, StringComparison.OrdinalIgnoreCase) && (location.Length == here.Length || location[here.Length] is '/' or '?' or '#');
    }

    private string? Issue(SessionEntry entry, SessionId secret, BrowserKey browser, TimeSpan lifetime, PageId page = default) =>
        tokens.Issue(TokenPurpose.Navigation, entry, secret, browser, lifetime, page);
}
