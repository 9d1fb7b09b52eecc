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
internal sealed class NavigationRelay(OneTimeTokens tokens, SessionEngine engine, SessionFinder finder, SessionMetrics metrics, TimeProvider time)
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

    /// <summary>
    /// The lookup of the first relay cookie with a valid token, or with a mark that is believed, and that cookie. Missing where the tab has no session,
    /// and, without a cookie, where the request has none; unknown where none of its cookies leads anywhere: anybody may have planted them. Lost where the page says
    /// that its tab has a session, and that it has no token.
    /// </summary>
    public async ValueTask<(SessionLookup Lookup, RelayCookie Used, bool IsLost)> FindAsync(HttpContext context)
    {
        var lookup = new SessionLookup(SessionLookupStatus.Missing);
        var used = default(RelayCookie);
        foreach (var cookie in RelayCookie.For(context.Request))
        {
            if (RelayMark.TryParse(cookie.Token, out var mark))
            {
                if (mark.IsFresh(time.GetUtcNow()) && await IsTrueAsync(mark, context.RequestAborted))
                {
                    return (mark.Ended is { } ended
                        ? new(SessionLookupStatus.Ended, Reason: mark.Reason, Carrier: SessionCarrier.Relay, EndedId: ended)
                        : new(SessionLookupStatus.Missing), cookie, mark.IsLost);
                }
            }
            else if (tokens.TryRedeem(TokenPurpose.Navigation, cookie.Token, context.Request, out var grant))
            {
                _redirects.Leave(grant.Browser, cookie.Target, cookie.Name);
                return (await finder.FindAsync(context, context.RequestHeaders(), grant.Secret) with { Carrier = SessionCarrier.Relay }, cookie, false);
            }

            if (used.Name is null)
            {
                // Used already, expired, another browser's, or planted. The next cookie may be valid.
                metrics.Refused("relay");
                (lookup, used) = (new(SessionLookupStatus.Unknown, Carrier: SessionCarrier.Relay), cookie);
            }
        }

        return (lookup, used, false);
    }

    /// <summary>The first cookie that leads the request somewhere; null where none does. Uses nothing up.</summary>
    public RelayCookie? FindUsable(HttpRequest request)
    {
        foreach (var cookie in RelayCookie.For(request))
        {
            if (RelayMark.TryParse(cookie.Token, out var mark) ? mark.IsFresh(time.GetUtcNow()) : tokens.IsOpen(TokenPurpose.Navigation, cookie.Token, request))
            {
                return cookie;
            }
        }

        return null;
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
    public static void Write(HttpContext context, RelayCookie cookie) =>
        context.Response.Cookies.Append(cookie.Name, cookie.Format(), Options(context, s_cookieLifetime, cookie.Path));

    /// <summary>Deletes the cookie of a navigation that has arrived.</summary>
    public static void Expire(HttpContext context, RelayCookie cookie, string path)
    {
        if (cookie.Name is not null)
        {
            context.Response.Cookies.Append(cookie.Name, "", Options(context, TimeSpan.Zero, path));
        }
    }

    /// <summary>Whether the session that a mark says has ended does not live.</summary>
    private async ValueTask<bool> IsTrueAsync(RelayMark mark, CancellationToken cancellationToken) =>
        mark.Ended is not { } ended || await engine.Directory.FindAsync(ended, cancellationToken) is not { IsEnded: false };

    private static CookieOptions Options(HttpContext context, TimeSpan maxAge, string path) => new()
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
