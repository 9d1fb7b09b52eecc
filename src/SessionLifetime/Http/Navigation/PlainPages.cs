using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Navigation;

/// <summary>
/// Sessions of requests without the id header, which browsers send when they navigate: finds them by the relayed token or the cookie, starts them
/// where an endpoint asks for it, and sets the cookies and cache headers of their answers.
/// </summary>
/// <remarks>
/// The relayed token is used before the cookie: it names the session of the tab, the cookie that of the browser. No cache stores a page that
/// was rendered for a session, since the next request for its address may come from another tab.
/// </remarks>
internal sealed class PlainPages(
    SessionFinder finder,
    SessionGuard guard,
    SessionArrivals arrivals,
    HandOvers handOvers,
    PageCaches caches,
    IOptions<SessionLifetimeOptions> options,
    NavigationRelay? relay = null,
    TabLookup? tabs = null,
    TransportCookie? cookie = null)
{
    /// <summary>The default for sessions that the server starts: one that no browser module takes over ends this soon.</summary>
    private static readonly TimeSpan s_unconfirmed = TimeSpan.FromMinutes(1);

    private readonly TimeoutOverrides _unconfirmed = TimeoutOverrides.None with
    {
        UnconfirmedTimeout = options.Value.UnconfirmedTimeout ?? s_unconfirmed,
    };

    private readonly PathString _expiredPath = options.Value.ExpiredPath;

    /// <summary>Whether a request may name its session other than by the id header.</summary>
    public bool IsOn { get; } = relay is not null || cookie is not null;

    /// <summary>Whether the browser navigates: no script would read the id of a session that is started for the request.</summary>
    public bool IsPlain(HttpContext context) =>
        PlainNavigation.IsOne(context.Request) || (cookie is not null && PlainNavigation.IsInFrame(context.Request));

    /// <summary>Finds the session of a request without the id header.</summary>
    public async ValueTask<SessionLookup> FindAsync(HttpContext context, RequestClassification classified)
    {
        if (RequestState.Find(context)?.Plain is { } known)
        {
            // The error page of the request: its endpoint is another one, which the output cache has not been told of.
            if (known.Entry is not null)
            {
                caches.KeepOutBeforeEndpoint(context);
            }

            return known.Lookup;
        }

        var lookup = new SessionLookup(SessionLookupStatus.Missing);
        var (used, isLost) = (default(RelayCookie), false);
        if (relay is not null && PlainNavigation.IsOwn(context.Request) && !classified.IsSpeculative)
        {
            (lookup, used, isLost) = await relay.FindAsync(context);
        }

        // A tab that says it has no session is believed. A relay cookie that leads nowhere says nothing.
        var isUntold = isLost || lookup.Status == SessionLookupStatus.Unknown || (lookup.Status == SessionLookupStatus.Missing && used.Name is null);

        // Browsers open connections, with cookies, for pages of other sites too, and no antiforgery token protects those.
        if (isUntold
            && !isLost
            && cookie?.Read(context.Request) is { } id
            && (!(classified.IsConnection || RequestClassification.HasNoHeaders(context.Request)) || TransportCookie.IsProven(context.Request)))
        {
            lookup = await finder.FindByCookieAsync(context, id);
        }

        if (isUntold && tabs is not null && !classified.IsSpeculative && !IsExpiredPage(context) && await tabs.IsNeededAsync(context, lookup.Entry))
        {
            caches.KeepOutBeforeEndpoint(context);
            lookup = new(SessionLookupStatus.UnknownTab, Carrier: SessionCarrier.Relay);
        }

        Keep(context, lookup, used);
        return lookup;
    }

    /// <summary>
    /// The address of the page for expired sessions, where a navigation is redirected there; null where the request goes on. A navigation by GET
    /// whose session has ended is redirected; a form post only if its endpoint requires a session, since it would be refused otherwise.
    /// </summary>
    /// <remarks>An unknown id in the cookie is taken for one that ended too long ago to be remembered.</remarks>
    public string? ExpiredPageOf(HttpContext context, in RequestClassification classified, SessionLookup lookup)
    {
        var hasEnded = lookup.Status == SessionLookupStatus.Ended
            || (lookup is { Status: SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie } && SessionId.TryParse(cookie!.Read(context.Request), out _));
        var isRedirected = PlainNavigation.IsGet(context.Request) || (PlainNavigation.IsOne(context.Request) && classified.RequiresSession);
        return hasEnded && _expiredPath.HasValue && isRedirected && !IsExpiredPage(context)
            ? BrowserAddress.Below(context.Request.PathBase, _expiredPath.ToUriComponent())
            : null;
    }

    /// <summary>Answers a navigation whose tab must be asked for its session first.</summary>
    public Task AskTabAsync(HttpContext context) => tabs!.WriteAsync(context);

    /// <summary>Whether the request is a form that another site posts: which tab it comes from cannot be known, and it cannot be repeated.</summary>
    public bool IsFormOfAnotherSite(HttpContext context) =>
        relay is not null && PlainNavigation.IsOne(context.Request) && !PlainNavigation.IsOwn(context.Request);

    /// <summary>Whether the endpoint starts a session for a request that has none.</summary>
    public bool Starts(HttpContext context, EndpointMetadataCollection? metadata) =>
        metadata?.GetMetadata<StartTabSessionAttribute>() is not null
        && PlainNavigation.IsGet(context.Request)
        && !RequestClassification.HasSpeculativePurpose(context.Request)
        && !context.Response.HasStarted
        && !IsExpiredPage(context);

    /// <summary>
    /// Starts a session for a request that has none. With the cookie transport its id goes into the cookie; otherwise the browser gets it when the
    /// module attaches. The session's clocks are held.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="waits">Whether to wait for the <c>SessionStarted</c> handlers; true where the request has not reached its endpoint yet.</param>
    public async ValueTask<(PlacementResult Outcome, SessionHold Hold)> StartAsync(HttpContext context, bool waits)
    {
        var request = RequestState.Find(context)?.Plain ?? Keep(context, new(SessionLookupStatus.Missing));
        var owner = guard.IssueBrowserCookie(context, out var key);
        var (outcome, hold) = await arrivals.StartAsync(PageId.None, PageId.None, owner, context.RequestAborted, waits, _unconfirmed);
        if (outcome == PlacementResult.Added)
        {
            handOvers.Offer(hold.Entry);
            guard.RememberIssuedKey(hold.Entry, key);
            (request.Entry, request.Sent, request.IssuedKey, request.ExpiresCookie) = (hold.Entry, hold.Entry.Secret, key, false);
            request.Lookup = new(SessionLookupStatus.Found, hold.Entry, hold.Entry.Secret, Carrier: cookie is null ? SessionCarrier.Relay : SessionCarrier.Cookie);
            if (waits)
            {
                caches.KeepOutBeforeEndpoint(context);
            }
            else
            {
                PageCaches.KeepOut(context);
            }

            cookie?.Append(context, hold.Entry.Secret, request.CookiePath);
        }

        return (outcome, hold);
    }

    private bool IsExpiredPage(HttpContext context) => _expiredPath.HasValue && context.Request.Path == _expiredPath;

    /// <summary>Keeps the lookup with the request, and completes the answer when it starts.</summary>
    private PlainRequest Keep(HttpContext context, SessionLookup lookup, RelayCookie used = default)
    {
        var request = new PlainRequest
        {
            Lookup = lookup,
            Relayed = used,
            Entry = lookup.Entry,
            Sent = lookup.Sent,
            IsNavigation = PlainNavigation.IsOne(context.Request),
            CookiePath = CookieRules.PathOf(context.Request),
        };
        RequestState.GetOrAdd(context).Plain = request;
        if (request.Entry is not null)
        {
            caches.KeepOutBeforeEndpoint(context);
        }

        if ((request.IsNavigation || request.Lookup.Status != SessionLookupStatus.Missing) && !context.Response.HasStarted)
        {
            context.Response.OnStarting(static state => ((Finishing)state).OnStarting(), new Finishing(this, context, request));
        }

        return request;
    }

    private async Task FinishAsync(HttpContext context, PlainRequest request)
    {
        NavigationRelay.Expire(context, request.Relayed, request.CookiePath);
        if (request.ExpiresCookie)
        {
            cookie?.Expire(context, request.CookiePath);
        }

        if (request.Entry is not { } entry)
        {
            return;
        }

        if (request.IsNavigation || PlainNavigation.IsInFrame(context.Request))
        {
            context.Response.Headers.CacheControl = "no-store";
        }

        if (request.Lookup.Carrier == SessionCarrier.Cookie && entry.IsEnded)
        {
            // The request itself ended the session: without the cookie the next one is not answered as one of an ended session.
            cookie!.Expire(context, request.CookiePath);
        }
        else if (request.Lookup.Carrier == SessionCarrier.Cookie && entry.NewerThan(request.Sent) is { } newer)
        {
            cookie!.Append(context, newer, request.CookiePath);
        }

        if (relay is not null && (request.IsNavigation || PlainNavigation.IsDownload(context.Request)) && context.Response.StatusCode is 301 or 302 or 303 or 307 or 308)
        {
            await relay.IssueForRedirectAsync(context, request);
        }
    }

    private sealed record Finishing(PlainPages Pages, HttpContext Context, PlainRequest Request)
    {
        public Task OnStarting() => Pages.FinishAsync(Context, Request);
    }
}
