using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Leads each request of the app to its session: applies what is due, counts the request as the endpoint says, holds the clocks while
/// it is in flight, and puts the session on the context. Requests without the id header pass untouched, unless the app lets plain pages
/// have sessions.
/// </summary>
/// <remarks>It is longer than a file should be because the ways of a request, from the shortest to the longest, are told in one place.</remarks>
internal sealed class SessionLifetimeMiddleware(
    RequestDelegate next,
    SessionEngine engine,
    SessionFinder finder,
    SessionGuard guard,
    SessionMetrics metrics,
    SessionRequestQueues turnstile,
    SessionRequestPool requests,
    PlainPages plain,
    IConnections connections,
    LateAuthenticationGuard lateUsers)
{
    private static readonly object s_passed = new();
    private static readonly object s_passedAsNobody = new();

    /// <summary>Whether this middleware has seen the request; what the endpoints check to tell a wrong set-up.</summary>
    public static bool HasSeen(HttpContext context) => context.Items.ContainsKey(s_passed);

    /// <summary>Whether nobody was signed in when it saw the request of an endpoint of ours.</summary>
    public static bool HasSeenNobody(HttpContext context) => context.Items.TryGetValue(s_passed, out var seen) && seen == s_passedAsNobody;

    public Task InvokeAsync(HttpContext context)
    {
        var features = context.Features;
        var metadata = features.Find<IEndpointFeature>()?.Endpoint?.Metadata;
        if (RequestClassification.IsDisabled(metadata))
        {
            if (metadata.GetMetadata<LifecycleEndpointMetadata>() is not null)
            {
                context.Items[s_passed] = guard.UserOf(context) is null ? s_passedAsNobody : s_passed;
            }
            else if (finder.TryGetHeader(context.RequestHeaders(), out _))
            {
                // Without it the browser module would take the answer for one that has heard of the user.
                SetHeader(context, SessionHeaders.Signal, SessionHeaders.ValueOf(SessionSignal.None)!);
            }

            return next(context);
        }

        var sent = features.Find<IHttpRequestFeature>()!;
        var headers = sent.Headers;
        var hasHeader = finder.TryGetHeader(headers, out var header);
        if (hasHeader || (RequestClassification.MayBeConnection(sent) && connections.TryTakeId(context, out header)))
        {
            var response = features.Find<IHttpResponseFeature>()!;
            var (signal, isConnection) = RequestClassification.Of(features, metadata, sent, response);
            if (hasHeader && isConnection)
            {
                connections.Hide(context);
            }

            if (SessionHeaders.ValueOf(signal) is { } told)
            {
                SetHeader(context, SessionHeaders.Signal, told);
            }

            // Nobody has asked for this page yet.
            signal = Speculation.IsSpeculative(headers) ? SessionSignal.None : signal;
            if (TryBeginAtOnce(context, headers, metadata, header, signal, isConnection) is { } request)
            {
                return Serve(context, request, response);
            }

            var lookup = finder.FindAsync(context, headers, header);
            return lookup.IsCompletedSuccessfully
                ? Invoke(context, metadata, lookup.Result, signal)
                : InvokeAsync(context, metadata, lookup, signal);
        }

        if (plain.IsOn || plain.Starts(context, metadata))
        {
            return InvokePlainAsync(context, metadata);
        }

        // Nearly always nobody asks for one.
        return metadata is null || (metadata.GetMetadata<RequireTabSessionAttribute>() is null && !RequestClassification.MayBeConnection(sent))
            ? next(context)
            : PassUnlessRequiredAsync(context, metadata, new(SessionLookupStatus.Missing));
    }

    private async Task InvokePlainAsync(HttpContext context, EndpointMetadataCollection? metadata)
    {
        var signal = Speculation.IsSpeculative(context.Request) ? SessionSignal.None : RequestClassification.Of(context.Features, metadata).Signal;
        await Invoke(context, metadata, await plain.FindAsync(context), signal);
    }

    private async Task InvokeAsync(
        HttpContext context,
        EndpointMetadataCollection? metadata,
        ValueTask<SessionLookup> lookup,
        SessionSignal signal) => await Invoke(context, metadata, await lookup, signal);

    /// <summary>
    /// The request of a living session on which nothing is due, from its own browser and user, that waits for nothing: nearly all there are.
    /// Null says nothing: the others are found again.
    /// </summary>
    private SessionRequest? TryBeginAtOnce(
        HttpContext context,
        IHeaderDictionary headers,
        EndpointMetadataCollection? metadata,
        StringValues header,
        SessionSignal signal,
        bool isConnection)
    {
        if (signal == SessionSignal.None
            || !finder.TryFindAtOnce(context, headers, header, out var entry, out var sent)
            || (isConnection && connections.IsOfAnother(context, entry.Id))
            || metadata?.GetMetadata<SerializePerSessionAttribute>() is not null)
        {
            return null;
        }

        var request = requests.Take();
        if (!request.TryBegin(context, entry, sent, isActivity: signal == SessionSignal.Activity))
        {
            requests.Return(request);
            return null;
        }

        Count(headers, entry, signal);
        (request.Signal, request.IsConnection) = (signal, isConnection);
        return request;
    }

    private Task Invoke(HttpContext context, EndpointMetadataCollection? metadata, SessionLookup lookup, SessionSignal signal)
    {
        if (lookup.Entry is null)
        {
            return PassWithoutAsync(context, metadata, lookup);
        }

        var isConnection = RequestClassification.Of(context.Features, metadata).IsConnection;
        if (isConnection && connections.IsOfAnother(context, lookup.Entry.Id))
        {
            return RefuseAsync(context, new(SessionLookupStatus.WrongConnection));
        }

        var request = requests.Take();
        (request.Signal, request.IsConnection) = (signal, isConnection);
        return ServeSlowlyAsync(context, metadata, lookup, signal, request, request.TryBeginAsync(context, lookup, signal));
    }

    /// <summary>Serves a request at once, and without a state machine where the rest of the pipeline needs none.</summary>
    private Task Serve(HttpContext context, SessionRequest request, IHttpResponseFeature response)
    {
        Task serving;
        try
        {
            request.Open(response);
            lateUsers.Watch(context);
            serving = next(context);
            if (!serving.IsCompletedSuccessfully)
            {
                return CloseAfterAsync(serving, request);
            }
        }
        catch
        {
            request.Close();
            throw;
        }

        request.Close();
        return serving;
    }

    private static async Task CloseAfterAsync(Task serving, SessionRequest request)
    {
        try
        {
            await serving;
        }
        finally
        {
            request.Close();
        }
    }

    /// <summary>Serves a request whose session is looked at first, or that has to wait for its turn.</summary>
    private async Task ServeSlowlyAsync(
        HttpContext context,
        EndpointMetadataCollection? metadata,
        SessionLookup lookup,
        SessionSignal signal,
        SessionRequest request,
        ValueTask<bool> begun)
    {
        var isOpen = false;
        try
        {
            if (await begun)
            {
                Count(context.RequestHeaders(), lookup.Entry!, signal);
                if (metadata?.GetMetadata<SerializePerSessionAttribute>() is not { } serialized || SessionRequestQueues.HasTurn(context))
                {
                    isOpen = true;
                    await Serve(context, request, context.Features.Find<IHttpResponseFeature>()!);
                    return;
                }

                var turn = await turnstile.EnterAsync(context, engine.TabSessionOf(lookup.Entry!), serialized.Timeout);
                if (turn == TurnResult.Taken)
                {
                    try
                    {
                        isOpen = true;
                        await Serve(context, request, context.Features.Find<IHttpResponseFeature>()!);
                    }
                    finally
                    {
                        SessionRequestQueues.Leave(context);
                    }
                }

                if (turn != TurnResult.SessionEnded)
                {
                    return;
                }
            }
        }
        finally
        {
            if (!isOpen)
            {
                request.Abandon();
            }
        }

        await PassWithoutAsync(context, metadata, SessionLookup.Ended(lookup.Entry!, lookup.Carrier));
    }

    /// <summary>Counts the request in the metrics, and the page it comes from as heard of.</summary>
    private void Count(IHeaderDictionary headers, SessionEntry entry, SessionSignal signal)
    {
        if (signal == SessionSignal.None)
        {
            return;
        }

        metrics.SignalCounted(signal == SessionSignal.Activity ? "request" : "alive-request");

        // The signal has just been stamped: that is now.
        if (entry.LastSignal is var now && entry.ListensToPages(now) && finder.PageOf(headers) is { IsNone: false } page)
        {
            entry.HeardPage(page, now);
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

    private Task PassWithoutAsync(HttpContext context, EndpointMetadataCollection? metadata, SessionLookup lookup)
    {
        // An error page of a request whose session has ended meanwhile has none.
        context.Features.Set<ITabSessionFeature>(null);
        if (PlainRequest.Of(context) is { } request)
        {
            return PassPlainAsync(context, metadata, request, lookup);
        }

        if (lookup.State is { } state && !context.Response.HasStarted)
        {
            // As late as can be: whatever is told to this browser, the output cache must not tell the next.
            context.Response.OnStarting(static told => ((ToldState)told).Tell(), new ToldState(context.Response, state));
        }

        return PassUnlessRequiredAsync(context, metadata, lookup);
    }

    private Task PassUnlessRequiredAsync(HttpContext context, EndpointMetadataCollection? metadata, SessionLookup lookup)
    {
        if (connections.IsClosing(context, lookup))
        {
            context.Items[RequireTabSessionAttribute.Waived] = RequireTabSessionAttribute.Waived;
            return next(context);
        }

        if (metadata?.GetMetadata<RequireTabSessionAttribute>() is not null)
        {
            return RefuseAsync(context, lookup);
        }

        return connections.IsOfAnother(context, session: null) ? RefuseAsync(context, new(SessionLookupStatus.WrongConnection)) : next(context);
    }

    /// <summary>A page without a session: the landing page, if there is one for it, or a session of its own, or none.</summary>
    private async Task PassPlainAsync(HttpContext context, EndpointMetadataCollection? metadata, PlainRequest request, SessionLookup lookup)
    {
        request.Lost(lookup);
        if (plain.LandingOf(context, metadata, lookup) is { } landing)
        {
            context.Response.StatusCode = StatusCodes.Status303SeeOther;
            context.Response.Headers.Location = landing;
            context.Response.Headers.CacheControl = "no-store";
            return;
        }

        if (!plain.Starts(context, metadata))
        {
            await PassUnlessRequiredAsync(context, metadata, lookup);
            return;
        }

        var (outcome, hold) = await plain.StartAsync(context, waits: true);
        if (outcome == PlacementResult.Added)
        {
            var started = requests.Take();
            started.Begin(context, hold, isPlain: true);
            await Serve(context, started, context.Features.Find<IHttpResponseFeature>()!);
        }
        else if (metadata?.GetMetadata<RequireTabSessionAttribute>() is null)
        {
            await next(context);
        }
        else
        {
            await SessionAnswers.WriteAsync(context, SessionProblem.Of(outcome));
        }
    }

    private Task RefuseAsync(HttpContext context, SessionLookup lookup)
    {
        guard.CountRefusal(lookup);
        return connections.TryRefuse(context, lookup, out var telling) ? telling : SessionAnswers.WriteAsync(context, SessionProblem.Of(lookup));
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
