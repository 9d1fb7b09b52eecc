using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Requests;
using SessionLifetime.Ids;

namespace SessionLifetime.HttpSession;

/// <summary>Starts a session for a request that writes to <c>HttpContext.Session</c> and has none.</summary>
internal sealed class HttpSessionFactory(
    SessionArrivals arrivals,
    SessionFinder finder,
    SessionGuard guard,
    SessionRequestPool requests,
    PlainPages plain,
    IOptions<HttpSessionOptions> options)
{
    private const string Cure = "Start the browser module in the page and send its header, or put RequireTabSession() on the endpoint";

    public HttpSessionOptions Options { get; } = options.Value;

    /// <summary>What keeps a write from starting a session; null when nothing does.</summary>
    public string? WhyNotStart(HttpContext context) =>
        finder.TryGetHeader(context.Request.Headers, out _) ? "the request's session id leads to no living session. The browser module starts another one."
        : !Options.StartOnWrite ? $"the request carries no session id. {Cure}, or set HttpSessionOptions.StartOnWrite."
        : RequestClassification.IsDisabled(context.GetEndpoint()?.Metadata) ? "the endpoint has none, by DisableTabSession()."
        : PlainRequest.Of(context)?.Lookup.Kind is not (null or SessionLookupStatus.Missing) ? "the one the request belonged to is gone."
        : !plain.IsOn && plain.IsPlain(context) ? "the browser itself asks for the page, and could not be told the id of a new one. Add AddNavigationRelay() or AddCookieTransport(), or put StartTabSession() on the endpoint."
        : Speculation.IsSpeculative(context.Request) ? "nobody has asked for the page yet: it is being prefetched."
        : context.Response.HasStarted ? "the response has started, and cannot hand out the id of a new one. Write before it starts."
        : null;

    /// <summary>
    /// Starts a session for the request and hands its id to the browser. A write cannot wait: the <c>SessionStarted</c> handlers are told, and
    /// run meanwhile.
    /// </summary>
    /// <exception cref="InvalidOperationException">It cannot.</exception>
    public TabSession Start(HttpContext context)
    {
        if (WhyNotStart(context) is { } reason)
        {
            throw new InvalidOperationException("HttpContext.Session cannot be written to without a session, and " + reason);
        }

        // The in-memory store never waits.
        var isPlain = plain.IsPlain(context);
        var starting = isPlain
            ? plain.StartAsync(context, waits: false)
            : arrivals.StartAsync(PageId.None, PageId.None, guard.IssueBrowserCookie(context, out _), context.RequestAborted, waits: false);
        var (outcome, hold) = starting.IsCompleted ? starting.Result : starting.AsTask().GetAwaiter().GetResult();
        if (outcome != PlacementResult.Added)
        {
            throw new InvalidOperationException("HttpContext.Session cannot be written to, as no session can be started. " + SessionProblem.Of(outcome).Detail);
        }

        // At once, as the response may be starting already.
        PageCaches.KeepOut(context);
        if (!isPlain)
        {
            context.Response.Headers[SessionHeaders.Id] = hold.Entry.Secret.Reveal();
        }

        context.Response.Headers.CacheControl = "no-store";

        // From now on the request is one of the session's, as if it had come with its id.
        var request = requests.Take();
        request.Begin(context, hold, isPlain);
        request.Open(context.Features.Find<IHttpResponseFeature>()!);
        return request.Session;
    }
}
