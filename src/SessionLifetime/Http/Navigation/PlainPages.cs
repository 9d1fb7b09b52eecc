using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace SessionLifetime;

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
    public async ValueTask<SessionFinding> FindAsync(HttpContext context)
    {
        if (PlainRequest.Of(context) is { } known)
        {
            // An error page is another endpoint.
            if (known.Cell is not null)
            {
                caches.Pass(context);
            }

            return known.Finding;
        }

        var finding = new SessionFinding(SessionFindingKind.Missing);
        var used = default(RelayCookie);
        if (relay is not null && PlainNavigation.IsOwn(context.Request) && !Speculation.IsSpeculative(context.Request))
        {
            (finding, used) = await relay.FindAsync(context);
        }

        if (finding.Kind is SessionFindingKind.Missing
            && cookie?.Read(context.Request) is { } id
            && (!IsConnection(context) || TransportCookie.IsProven(context.Request)))
        {
            finding = await finder.FindByCookieAsync(context, id);
        }

        Follow(context, finding, used);
        return finding;
    }

    /// <summary>
    /// Where a navigation goes whose session has ended; null where it goes on: a form does, unless all it would be told is that its
    /// session is missing. An id nobody knows any more was one that ended earlier.
    /// </summary>
    public string? LandingOf(HttpContext context, EndpointMetadataCollection? metadata, SessionFinding finding)
    {
        var hasEnded = finding.Kind == SessionFindingKind.Ended
            || (finding is { Kind: SessionFindingKind.Unknown, Carrier: SessionCarrier.Cookie } && SessionId.TryParse(cookie!.Read(context.Request), out _));
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
    public async ValueTask<(SessionAddition Outcome, RequestHold Hold)> StartAsync(HttpContext context, bool waits)
    {
        var request = PlainRequest.Of(context) ?? Follow(context, new(SessionFindingKind.Missing));
        var owner = guard.Welcome(context, out var handed);
        var (outcome, hold) = await arrivals.StartAsync(PageId.None, PageId.None, owner, context.RequestAborted, waits, _unconfirmed);
        if (outcome == SessionAddition.Added)
        {
            handOvers.Offer(hold.Cell);
            guard.Handed(hold.Cell, handed);
            (request.Cell, request.Sent, request.Handed, request.ExpiresCookie) = (hold.Cell, hold.Cell.Secret, handed, false);
            request.Finding = new(SessionFindingKind.Found, hold.Cell, hold.Cell.Secret, Carrier: cookie is null ? SessionCarrier.Relay : SessionCarrier.Cookie);
            if (waits)
            {
                caches.Pass(context);
            }
            else
            {
                PageCaches.KeepOut(context);
            }

            cookie?.Hand(context, hold.Cell.Secret, request.CookiePath);
        }

        return (outcome, hold);
    }

    /// <summary>Browsers open connections, with cookies, for the pages of other sites too, and no antiforgery token keeps them out.</summary>
    private static bool IsConnection(HttpContext context) =>
        RequestMark.HasNoHeaders(context.Request) || RequestMark.Of(context.Features, context.GetEndpoint()?.Metadata).IsConnection;

    private bool IsLanding(HttpContext context) => _expiredPath.HasValue && context.Request.Path == _expiredPath;

    private PlainRequest Follow(HttpContext context, SessionFinding finding, RelayCookie used = default)
    {
        var request = new PlainRequest
        {
            Finding = finding,
            Relayed = used,
            Cell = finding.Cell,
            Sent = finding.Sent,
            IsNavigation = PlainNavigation.IsOne(context.Request),
            CookiePath = CookieRules.PathOf(context.Request),
        };
        request.Put(context);
        if (request.Cell is not null)
        {
            caches.Pass(context);
        }

        if ((request.IsNavigation || request.Finding.Kind != SessionFindingKind.Missing) && !context.Response.HasStarted)
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

        if (request.Cell is not { } cell)
        {
            return;
        }

        if (request.IsNavigation || PlainNavigation.IsInFrame(context.Request))
        {
            context.Response.Headers.CacheControl = "no-store";
        }

        if (request.Finding.Carrier == SessionCarrier.Cookie && cell.IsEnded)
        {
            // By this very request: nobody has to be told any more.
            cookie!.Expire(context, request.CookiePath);
        }
        else if (request.Finding.Carrier == SessionCarrier.Cookie && cell.NewerThan(request.Sent) is { } newer)
        {
            cookie!.Hand(context, newer, request.CookiePath);
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
