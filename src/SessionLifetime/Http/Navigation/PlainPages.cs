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
/// Sessions of requests that carry no id header, as browsers make them by themselves: finds them by what the relay or the cookie says,
/// starts them where an endpoint asks for it, and sees to what their answers must carry.
/// </summary>
/// <remarks>
/// What wins: the relayed token, which knows the tab; then the cookie, which knows the browser only. A page that was rendered for a
/// session is stored by no cache, since the next visitor of the same address may be another tab.
/// </remarks>
internal sealed class PlainPages(
    SessionFinder finder,
    SessionGuard guard,
    SessionArrivals arrivals,
    HandOvers handOvers,
    PageCaches caches,
    IOptions<SessionLifetimeOptions> options,
    NavigationRelay? relay = null,
    TransportCookie? cookie = null)
{
    /// <summary>A visitor without the module, or a prefetch, leaves a session that ends this soon, unless the app says otherwise.</summary>
    private static readonly TimeSpan s_unconfirmed = TimeSpan.FromMinutes(1);

    private readonly TimeoutOverrides _unconfirmed = TimeoutOverrides.None with
    {
        UnconfirmedTimeout = options.Value.UnconfirmedTimeout ?? s_unconfirmed,
    };

    private readonly PathString _expiredPath = options.Value.ExpiredPath;

    /// <summary>Whether anything but the id header may lead a request to a session.</summary>
    public bool IsOn { get; } = relay is not null || cookie is not null;

    /// <summary>Whether the browser itself asks, so that no script would read the id of a session that is started now.</summary>
    public bool IsPlain(HttpContext context) =>
        PlainNavigation.IsOne(context.Request) || (cookie is not null && PlainNavigation.IsInFrame(context.Request));

    /// <summary>What a request without the id header leads to.</summary>
    public async ValueTask<SessionLookup> FindAsync(HttpContext context)
    {
        if (PlainRequest.Of(context) is { } known)
        {
            // An error page is another endpoint.
            if (known.Entry is not null)
            {
                caches.Pass(context);
            }

            return known.Lookup;
        }

        var lookup = new SessionLookup(SessionLookupStatus.Missing);
        var used = default(RelayCookie);
        if (relay is not null && PlainNavigation.IsOwn(context.Request) && !Speculation.IsSpeculative(context.Request))
        {
            (lookup, used) = await relay.FindAsync(context);
        }

        if (lookup.Kind is SessionLookupStatus.Missing
            && cookie?.Read(context.Request) is { } id
            && (!IsConnection(context) || TransportCookie.IsProven(context.Request)))
        {
            lookup = await finder.FindByCookieAsync(context, id);
        }

        Follow(context, lookup, used);
        return lookup;
    }

    /// <summary>
    /// Where a navigation goes whose session has ended; null where it goes on: a form does, unless all it would be told is that its
    /// session is missing. An id nobody knows any more was one that ended earlier.
    /// </summary>
    public string? LandingOf(HttpContext context, EndpointMetadataCollection? metadata, SessionLookup lookup)
    {
        var hasEnded = lookup.Kind == SessionLookupStatus.Ended
            || (lookup is { Kind: SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie } && SessionId.TryParse(cookie!.Read(context.Request), out _));
        var goes = PlainNavigation.IsGet(context.Request)
            || (PlainNavigation.IsOne(context.Request) && metadata?.GetMetadata<RequireTabSessionAttribute>() is not null);
        return hasEnded && _expiredPath.HasValue && goes && !IsLanding(context)
            ? (context.Request.PathBase + _expiredPath).ToUriComponent()
            : null;
    }

    /// <summary>Whether the endpoint starts a session for a request that has none.</summary>
    public bool Starts(HttpContext context, EndpointMetadataCollection? metadata) =>
        metadata?.GetMetadata<StartTabSessionAttribute>() is not null
        && PlainNavigation.IsGet(context.Request)
        && !Speculation.IsSpeculative(context.Request)
        && !context.Response.HasStarted
        && !IsLanding(context);

    /// <summary>
    /// Starts a session for a request that has none. Its id goes into the cookie where there is one, and otherwise nowhere before the
    /// module asks for it. The session's clocks are held.
    /// </summary>
    /// <param name="context">The request.</param>
    /// <param name="waits">Whether the <c>SessionStarted</c> handlers are waited for, as the request has not reached its endpoint yet.</param>
    public async ValueTask<(PlacementResult Outcome, RequestHold Hold)> StartAsync(HttpContext context, bool waits)
    {
        var request = PlainRequest.Of(context) ?? Follow(context, new(SessionLookupStatus.Missing));
        var owner = guard.IssueBrowserCookie(context, out var handed);
        var (outcome, hold) = await arrivals.StartAsync(PageId.None, PageId.None, owner, context.RequestAborted, waits, _unconfirmed);
        if (outcome == PlacementResult.Added)
        {
            handOvers.Offer(hold.Entry);
            guard.RememberIssuedKey(hold.Entry, handed);
            (request.Entry, request.Sent, request.Handed, request.ExpiresCookie) = (hold.Entry, hold.Entry.Secret, handed, false);
            request.Lookup = new(SessionLookupStatus.Found, hold.Entry, hold.Entry.Secret, Carrier: cookie is null ? SessionCarrier.Relay : SessionCarrier.Cookie);
            if (waits)
            {
                caches.Pass(context);
            }
            else
            {
                PageCaches.KeepOut(context);
            }

            cookie?.Append(context, hold.Entry.Secret, request.CookiePath);
        }

        return (outcome, hold);
    }

    /// <summary>Browsers open connections, with cookies, for the pages of other sites too, and no antiforgery token keeps them out.</summary>
    private static bool IsConnection(HttpContext context) =>
        RequestClassification.HasNoHeaders(context.Request) || RequestClassification.Of(context.Features, context.GetEndpoint()?.Metadata).IsConnection;

    private bool IsLanding(HttpContext context) => _expiredPath.HasValue && context.Request.Path == _expiredPath;

    private PlainRequest Follow(HttpContext context, SessionLookup lookup, RelayCookie used = default)
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
        request.Put(context);
        if (request.Entry is not null)
        {
            caches.Pass(context);
        }

        if ((request.IsNavigation || request.Lookup.Kind != SessionLookupStatus.Missing) && !context.Response.HasStarted)
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
            // By this very request: nobody has to be told any more.
            cookie!.Expire(context, request.CookiePath);
        }
        else if (request.Lookup.Carrier == SessionCarrier.Cookie && entry.NewerThan(request.Sent) is { } newer)
        {
            cookie!.Append(context, newer, request.CookiePath);
        }

        if (relay is not null && request.IsNavigation && context.Response.StatusCode is 301 or 302 or 303 or 307 or 308)
        {
            await relay.LeaveForHopAsync(context, request);
        }
    }

    private sealed record Finishing(PlainPages Pages, HttpContext Context, PlainRequest Request)
    {
        public Task OnStarting() => Pages.FinishAsync(Context, Request);
    }
}
