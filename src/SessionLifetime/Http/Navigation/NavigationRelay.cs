using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Leads plain navigations to the session of the tab they happen in: by a one-time token that the page before left in a cookie, for a
/// few seconds, as it was being left.
/// </summary>
/// <remarks>
/// A token is worth one request of the browser whose session it stands for. The answer takes the cookie away; where the answer is a
/// redirect, it leaves another token for the hop, since no page is there to leave one.
/// </remarks>
internal sealed class NavigationRelay(OneTimeTokens tokens, SessionFinder finder, SessionMetrics metrics, TimeProvider time)
{
    /// <summary>How many tokens a page keeps: one for the navigation, one for the next after a download that left the page where it was.</summary>
    public const int Stock = 2;

    /// <summary>How long a page may keep them.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(10);

    /// <summary>How long a browser keeps the cookie.</summary>
    private static readonly TimeSpan s_cookieLifetime = TimeSpan.FromSeconds(5);

    private readonly RedirectSequencer _redirects = new(time);

    /// <summary>Tokens for a page; fewer than asked for, or none, when there is no room.</summary>
    public IReadOnlyList<string> Issue(SessionEntry entry, SessionId secret, BrowserKey browser, int count = Stock, PageId page = default) =>
        [.. Enumerable.Range(0, count).Select(_ => Issue(entry, secret, browser, Lifetime, page)).OfType<string>()];

    /// <summary>What the cookies of a navigation lead to, and which of them it was; missing where there are none.</summary>
    public async ValueTask<(SessionLookup Lookup, RelayCookie Used)> FindAsync(HttpContext context)
    {
        var lookup = new SessionLookup(SessionLookupStatus.Missing);
        var used = default(RelayCookie);
        foreach (var cookie in RelayCookie.For(context.Request))
        {
            if (cookie.IsEnded(out var reason))
            {
                return (new(SessionLookupStatus.Ended, Reason: reason, Carrier: SessionCarrier.Relay), cookie);
            }

            if (tokens.TryRedeem(TokenPurpose.Navigation, cookie.Token, context.Request, out var grant))
            {
                _redirects.Leave(grant.Browser, cookie.Target, cookie.Name);
                return (await finder.FindAsync(context, context.RequestHeaders(), grant.Secret) with { Carrier = SessionCarrier.Relay }, cookie);
            }

            // Used before, expired, or another browser's: perhaps the next one is ours.
            metrics.Refused("relay");
            (lookup, used) = (new(SessionLookupStatus.Unknown, Carrier: SessionCarrier.Relay), cookie);
        }

        return (lookup, used);
    }

    /// <summary>Leaves a token for the request that a redirect leads to, if it stays within the site.</summary>
    public async ValueTask IssueForRedirectAsync(HttpContext context, PlainRequest request)
    {
        var entry = request.Entry!;
        var location = context.Response.Headers.Location.ToString();
        if (entry.IsEnded || !LeadsHere(context.Request, location))
        {
            return;
        }

        var (high, _) = Base64UrlIds.Random();
        var name = RelayCookie.Prefix + Base64UrlIds.Format(high);
        var target = RelayCookie.TargetOfRedirect(context.Request, location);
        await _redirects.EnterAsync(request.Browser, target, name);

        // By the id it came with: a new one is not used before the module has been told of it.
        if (Issue(entry, request.Sent, request.Browser, s_cookieLifetime) is { } token)
        {
            Write(context, new(name, token, time.GetUtcNow().ToUnixTimeMilliseconds(), target, request.CookiePath));
        }
    }

    /// <summary>Hands a browser the cookie for a hop.</summary>
    public static void Write(HttpContext context, RelayCookie cookie) =>
        context.Response.Cookies.Append(cookie.Name, cookie.Format(), Options(context, s_cookieLifetime, cookie.Path));

    /// <summary>The navigation has come: the cookie has done its work.</summary>
    public static void Expire(HttpContext context, RelayCookie cookie, string path)
    {
        if (cookie.Name is not null)
        {
            context.Response.Cookies.Append(cookie.Name, "", Options(context, TimeSpan.Zero, path));
        }
    }

    private static CookieOptions Options(HttpContext context, TimeSpan maxAge, string path) => new()
    {
        SameSite = SameSiteMode.Strict,
        Secure = context.Request.IsHttps,
        Path = path,
        MaxAge = maxAge,
        IsEssential = true,
    };

    /// <summary>
    /// Whether a redirect stays within the site. Compared as they came, in ASCII: to decode a host is to fail at some that are none (RFC 3492).
    /// </summary>
    public static bool LeadsHere(HttpRequest request, string location)
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
