using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Requests that were found to have no living session: each goes on without one, is refused, is redirected to the page for expired sessions, starts a
/// session, or asks its tab which one it has.
/// </summary>
internal sealed class SessionlessRequests(
    SessionGuard guard,
    SessionRequestPool requests,
    PlainPages plain,
    IConnections connections,
    LateAuthenticationGuard lateUsers,
    ILogger<SessionlessRequests> logger)
{
    private const string NoPlainPages = "Call AddNavigationRelay() for pages that are reached so, and mark those that users open first StartTabSession(); or ask for this address by script.";
    private const string NewTab = "It was opened in a new tab, from another site, or before its tab had a session: mark pages that users open first StartTabSession().";

    private readonly ConditionalWeakTable<object, object> _warned = [];

    public Task PassAsync(HttpContext context, in RequestClassification classified, in SessionLookup lookup, RequestDelegate next)
    {
        // The first run of a request whose error page this is may have had a session that has ended since.
        context.Features.Set<TabSession>(null);
        if (RequestState.Find(context)?.Plain is { } request)
        {
            return PassPlainAsync(context, classified, request, lookup, next);
        }

        if (lookup.State is { } state)
        {
            AnswerHeaders.AddState(context, state);
        }

        return PassUnlessRequiredAsync(context, classified, lookup, next);
    }

    /// <summary>The same, for a request whose session has ended before it could begin.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public Task PassEndedAsync(HttpContext context, in RequestClassification classified, SessionEntry entry, SessionCarrier carrier, RequestDelegate next) =>
        PassAsync(context, classified, SessionLookup.Ended(entry, carrier), next);

    /// <summary>Passes the request on, unless its endpoint requires a session or it names a connection of another session.</summary>
    public Task PassUnlessRequiredAsync(HttpContext context, in RequestClassification classified, SessionLookup lookup, RequestDelegate next)
    {
        if (connections.IsClosing(context, lookup))
        {
            RequestState.GetOrAdd(context).IsForClosing = true;
            return next(context);
        }

        if (classified.RequiresSession)
        {
            return RefuseAsync(context, lookup);
        }

        return connections.IsOfAnother(context, session: null) ? RefuseConnectionAsync(context) : next(context);
    }

    /// <summary>Refuses a request that names an open connection of another session than its own.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public Task RefuseConnectionAsync(HttpContext context) => RefuseAsync(context, new(SessionLookupStatus.WrongConnection));

    /// <summary>Answers with the problem.</summary>
    public Task RefuseAsync(HttpContext context, SessionLookup lookup)
    {
        guard.CountRefusal(lookup);
        return connections.TryRefuse(context, lookup, out var refusing) ? refusing : SessionAnswers.WriteAsync(context, ProblemOf(context, lookup));
    }

    /// <summary>The problem, which names the cause that is there: a browser that navigates has the module in its page, perhaps, and no id all the same.</summary>
    private SessionProblem ProblemOf(HttpContext context, SessionLookup lookup)
    {
        if (lookup.Status != SessionLookupStatus.Missing || !PlainNavigation.IsOne(context.Request))
        {
            return SessionProblem.Of(lookup);
        }

        var cure = plain.IsOn ? NewTab : NoPlainPages;
        if (context.GetEndpoint() is { } endpoint && _warned.TryAdd(endpoint, endpoint))
        {
            logger.NavigatedWithoutSession(endpoint.DisplayName, cure);
        }

        return SessionProblem.RequiredByNavigation(cure);
    }

    private async Task PassPlainAsync(HttpContext context, RequestClassification classified, PlainRequest request, SessionLookup lookup, RequestDelegate next)
    {
        request.Lose(lookup);
        if (lookup.Status == SessionLookupStatus.UnknownTab)
        {
            await plain.AskTabAsync(context);
            return;
        }

        if (plain.ExpiredPageOf(context, classified, lookup) is { } expired)
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = expired;
            context.Response.Headers.CacheControl = "no-store";
            return;
        }

        if (!plain.Starts(context, classified.Metadata))
        {
            await PassUnlessRequiredAsync(context, classified, lookup, next);
            return;
        }

        var (outcome, hold) = await plain.StartAsync(context, waits: true);
        if (outcome == PlacementResult.Added)
        {
            var started = requests.Take();
            started.Begin(context, hold, isPlain: true);
            lateUsers.Watch(context);
            await started.ServeAsync(next);
        }
        else if (classified.RequiresSession)
        {
            await SessionAnswers.WriteAsync(context, SessionProblem.Of(outcome));
        }
        else
        {
            await next(context);
        }
    }}
