using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime;

/// <summary>
/// Leads each request of the app to its session: applies what is due, counts the request as the endpoint says, holds the clocks while
/// it is in flight, and puts the session on the context. Requests without the id header pass untouched.
/// </summary>
internal sealed class SessionLifetimeMiddleware(
    RequestDelegate next,
    SessionEngine engine,
    SessionFinder finder,
    SessionGuard guard,
    SessionMetrics metrics,
    SessionTurnstile turnstile,
    IServiceScopeFactory scopes,
    HttpSessionFactory? httpSessions = null)
{
    private static readonly object s_passed = new();

    /// <summary>Whether this middleware has seen the request; what the endpoints check to tell a wrong set-up.</summary>
    public static bool HasSeen(HttpContext context) => context.Items.ContainsKey(s_passed);

    public Task InvokeAsync(HttpContext context)
    {
        httpSessions?.Set(context);
        var metadata = context.GetEndpoint()?.Metadata;
        if (metadata?.GetMetadata<DisableTabSessionAttribute>() is not null && !IsRequiredAgain(metadata))
        {
            if (metadata.GetMetadata<LifecycleEndpointMetadata>() is not null)
            {
                context.Items[s_passed] = s_passed;
            }
            else if (finder.TryGetHeader(context, out _))
            {
                // Without it the browser module would take the answer for one that has heard of the user.
                SetHeader(context, SessionHeaders.Signal, SessionHeaders.ValueOf(SessionSignal.None)!);
            }

            return next(context);
        }

        if (finder.TryGetHeader(context, out _))
        {
            return InvokeWithIdAsync(context, metadata);
        }

        if (metadata?.GetMetadata<RequireTabSessionAttribute>() is null)
        {
            return next(context);
        }

        metrics.Refused("missing");
        return SessionAnswers.WriteAsync(context, SessionProblem.Required);
    }

    private async Task InvokeWithIdAsync(HttpContext context, EndpointMetadataCollection? metadata)
    {
        var signal = SignalOf(context, metadata);
        if (SessionHeaders.ValueOf(signal) is { } told)
        {
            SetHeader(context, SessionHeaders.Signal, told);
        }

        if (Speculation.IsSpeculative(context.Request))
        {
            // Nobody has asked for this page yet.
            signal = SessionSignal.None;
        }

        var finding = await finder.FindAsync(context);
        if (finding.Cell is { } cell)
        {
            // Counted before it looks: what the session owns waits for it.
            RequestInSession? request = null;
            cell.EnterRequest();
            try
            {
                request = await BeginAsync(context, finding, signal);
                if (request is not null && await TryServeAsync(context, metadata, engine.FaceOf(cell), request))
                {
                    return;
                }
            }
            finally
            {
                request?.Release();
                cell.LeaveRequest();
            }

            finding = SessionFinding.Ended(cell);
        }

        await PassWithoutAsync(context, metadata, finding);
    }

    /// <summary>Serves the request, if need be when its turn has come. False when its session has ended until then.</summary>
    private async ValueTask<bool> TryServeAsync(
        HttpContext context,
        EndpointMetadataCollection? metadata,
        TabSession session,
        RequestInSession request)
    {
        if (metadata?.GetMetadata<SerializePerSessionAttribute>() is not { } serialized || SessionTurnstile.HasTurn(context))
        {
            await ServeAsync(context, session, request);
            return true;
        }

        var found = await turnstile.EnterAsync(context, session, serialized.Timeout);
        if (found == TurnResult.Taken)
        {
            try
            {
                await ServeAsync(context, session, request);
            }
            finally
            {
                SessionTurnstile.Leave(context);
            }
        }

        return found != TurnResult.SessionEnded;
    }

    private async Task ServeAsync(HttpContext context, TabSession session, RequestInSession request)
    {
        request.Watch();
        context.Features.Set<ITabSessionFeature>(session);
        SessionRequestServices.Set(context, scopes, session);
        try
        {
            await next(context);
        }
        finally
        {
            (context.Features.Get<IServiceProvidersFeature>() as SessionRequestServices)?.Leave();
        }
    }

    /// <summary>Sets a header, unless something before us has begun the response already: then there is no telling any more.</summary>
    private static void SetHeader(HttpContext context, string name, string value)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Headers[name] = value;
        }
    }

    /// <summary>Whether an endpoint requires a session although its group has none: the mark that stands nearer to it comes later.</summary>
    private static bool IsRequiredAgain(EndpointMetadataCollection metadata)
    {
        for (var index = metadata.Count - 1; index >= 0; index--)
        {
            if (metadata[index] is DisableTabSessionAttribute or RequireTabSessionAttribute)
            {
                return metadata[index] is RequireTabSessionAttribute;
            }
        }

        return false;
    }

    /// <summary>
    /// What the request tells of its user. An error page stands for the endpoint that failed, and comes by here a second time: a poll
    /// that fails tells no more than one that succeeds.
    /// </summary>
    private static SessionSignal SignalOf(HttpContext context, EndpointMetadataCollection? metadata)
    {
        if (context.Features.Get<ITabSessionFeature>() is not null)
        {
            var failed = context.Features.Get<IExceptionHandlerFeature>()?.Endpoint ?? context.Features.Get<IStatusCodeReExecuteFeature>()?.Endpoint;
            metadata = failed?.Metadata ?? metadata;
        }

        return metadata?.GetMetadata<SessionSignalAttribute>()?.Signal ?? SessionSignal.Activity;
    }

    /// <summary>Applies what is due, and counts the request. Null when the session has ended.</summary>
    private async ValueTask<RequestInSession?> BeginAsync(HttpContext context, SessionFinding finding, SessionSignal signal)
    {
        var cell = finding.Cell!;
        if (signal == SessionSignal.None)
        {
            // It waits for nobody, unless only late handlers can tell whether the session still lives.
            return await engine.LookAndWaitInDoubtAsync(cell) == LookResult.Ended ? null : new(engine, context, cell, finding.Sent, hold: null);
        }

        if (await engine.TryBeginAsync(cell, isActivity: signal == SessionSignal.Activity) is not { } hold)
        {
            return null;
        }

        metrics.SignalCounted(signal == SessionSignal.Activity ? "request" : "alive-request");
        if (finder.PageOf(context) is { IsNone: false } page)
        {
            cell.HeardPage(page, engine.Store.Now);
        }

        return new(engine, context, cell, finding.Sent, hold);
    }

    private Task PassWithoutAsync(HttpContext context, EndpointMetadataCollection? metadata, SessionFinding finding)
    {
        if (finding.State is { } state && !context.Response.HasStarted)
        {
            // As late as can be: whatever is told to this browser, the output cache must not tell the next.
            context.Response.OnStarting(static told => ((ToldState)told).Tell(), new ToldState(context.Response, state));
        }

        if (metadata?.GetMetadata<RequireTabSessionAttribute>() is null)
        {
            return next(context);
        }

        guard.CountRefusal(finding);
        return SessionAnswers.WriteAsync(context, SessionProblem.Of(finding));
    }

    private sealed record ToldState(HttpResponse Response, string State)
    {
        public Task Tell()
        {
            Response.Headers[SessionHeaders.State] = State;
            return Task.CompletedTask;
        }
    }
}
