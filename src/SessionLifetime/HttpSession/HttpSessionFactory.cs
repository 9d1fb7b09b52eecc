using Microsoft.AspNetCore.Http;
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
    private const string Advice = "Start the browser module in the page and send its header, or put RequireTabSession() on the endpoint";

    public HttpSessionOptions Options { get; } = options.Value;

    /// <summary>The reason why a write cannot start a session; null where it can.</summary>
    public string? WhyNotStart(HttpContext context) =>
        finder.TryGetHeader(context.Request.Headers, out _) ? "the request's session id leads to no living session. The browser module starts another one."
        : !Options.StartOnWrite ? $"the request carries no session id. {Advice}, or set HttpSessionOptions.StartOnWrite."
        : RequestClassification.IsDisabled(context.GetEndpoint()?.Metadata) ? "the endpoint has none, by DisableTabSession()."
        : RequestState.Find(context)?.Plain?.Lookup.Status is not (null or SessionLookupStatus.Missing) ? "the one the request belonged to is gone."
        : plain.IsFormOfAnotherSite(context) ? "the form comes from another site, so the session of its tab is not known. Redirect to a page of the app, and write there."
        : !plain.IsOn && plain.IsPlain(context) ? "the browser navigates, and no script would read the id of a new one. Add AddNavigationRelay() or AddCookieTransport(), or put StartTabSession() on the endpoint."
        : RequestClassification.HasSpeculativePurpose(context.Request) ? "the page is being prefetched: the user has not asked for it yet."
        : context.Response.HasStarted ? "the response has started, and cannot carry the id of a new one. Write before it starts."
        : null;

    /// <summary>
    /// Starts a session for the request, and adds its id to the answer. A write is synchronous, so the <c>SessionStarted</c> handlers are not waited
    /// for. In memory a start completes at once.
    /// </summary>
    /// <exception cref="InvalidOperationException">No session can be started, or starting one has to wait for a store.</exception>
    public TabSession Start(HttpContext context)
    {
        if (WhyNotStart(context) is { } reason)
        {
            throw new InvalidOperationException("HttpContext.Session cannot be written to without a session, and " + reason);
        }

        var isPlain = plain.IsPlain(context);
        var starting = isPlain
            ? plain.StartAsync(context, waits: false)
            : arrivals.StartAsync(PageId.None, PageId.None, guard.IssueBrowserCookie(context, out _), context.RequestAborted, waits: false);
        if (!starting.IsCompleted)
        {
            throw new InvalidOperationException(
                "HttpContext.Session cannot be written to without a session, and cannot start one: sessions are kept in a store that has to be waited for. Put StartTabSession() or RequireTabSession() on the endpoint: then UseSessionLifetime() awaits the session before the endpoint runs.");
        }

        var (outcome, hold) = starting.Result;
        if (outcome != PlacementResult.Added)
        {
            throw new InvalidOperationException("HttpContext.Session cannot be written to, as no session can be started. " + SessionProblem.Of(outcome).Detail);
        }

        // The response may be starting already, so no callback is registered for this.
        PageCaches.KeepOut(context);
        if (!isPlain)
        {
            context.Response.Headers[SessionHeaders.Id] = hold.Entry.Secret.Reveal();
        }

        context.Response.Headers.CacheControl = "no-store";

        // From now on the request is treated as if it had carried the id.
        var request = requests.Take();
        request.Begin(context, hold, isPlain);
        request.Open();
        return request.Session;
    }
}
