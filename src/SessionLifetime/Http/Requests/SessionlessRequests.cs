using Microsoft.AspNetCore.Http;
using SessionLifetime.Directories;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Requests that were found to have no living session: each goes on without one, is refused, is redirected to the page for expired sessions, or
/// starts a session.
/// </summary>
internal sealed class SessionlessRequests(
    SessionGuard guard,
    SessionRequestPool requests,
    PlainPages plain,
    IConnections connections,
    LateAuthenticationGuard lateUsers)
{
    public Task PassAsync(HttpContext context, in RequestClassification classified, SessionLookup lookup, RequestDelegate next)
    {
        // The first run of a request whose error page this is may have had a session that has ended since.
        context.Features.Set<TabSession>(null);
        if (RequestState.Find(context)?.Plain is { } request)
        {
            return PassPlainAsync(context, classified, request, lookup, next);
        }

        if (lookup.State is { } state && !context.Response.HasStarted)
        {
            // Set when the response starts: the output cache, which copies the headers before that, would give it to other browsers.
            context.Response.OnStarting(static state => ((StateHeader)state).Set(), new StateHeader(context.Response, state));
        }

        return PassUnlessRequiredAsync(context, classified, lookup, next);
    }

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

        return connections.IsOfAnother(context, session: null) ? RefuseAsync(context, new(SessionLookupStatus.WrongConnection)) : next(context);
    }

    /// <summary>Answers with the problem.</summary>
    public Task RefuseAsync(HttpContext context, SessionLookup lookup)
    {
        guard.CountRefusal(lookup);
        return connections.TryRefuse(context, lookup, out var refusing) ? refusing : SessionAnswers.WriteAsync(context, SessionProblem.Of(lookup));
    }

    private async Task PassPlainAsync(HttpContext context, RequestClassification classified, PlainRequest request, SessionLookup lookup, RequestDelegate next)
    {
        request.Lose(lookup);
        if (request.AsksTab)
        {
            await plain.AskTabAsync(context, request);
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
    }

    private sealed record StateHeader(HttpResponse Response, string State)
    {
        public Task Set()
        {
            Response.Headers[SessionHeaders.State] = State;
            return Task.CompletedTask;
        }
    }
}
