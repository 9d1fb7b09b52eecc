using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Time;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Gives each request of the app its session: classifies the request, finds its session, begins it (which applies the rules that are due, and counts
/// it as its endpoint says), and serves it with the session on the context. Requests without the id header pass untouched, unless the app
/// lets plain pages have sessions.
/// </summary>
/// <remarks>
/// Each step is taken once. A step that has to wait returns a task that is not complete; the rest of the way is then taken asynchronously by the
/// same methods, so the usual request runs without a state machine. Structures that only those need are copied in methods of their own: the runtime
/// clears the room for them at each call.
/// </remarks>
internal sealed class SessionLifetimeMiddleware(
    RequestDelegate next,
    SessionEngine engine,
    SessionFinder finder,
    SessionGuard guard,
    SessionMetrics metrics,
    SessionRequestQueues queues,
    SessionRequestPool requests,
    SessionlessRequests sessionless,
    PlainPages plain,
    IConnections connections,
    ForeignRedirects foreignRedirects,
    AnswerHeaders headers,
    LateAuthenticationGuard lateUsers)
{
    public Task InvokeAsync(HttpContext context)
    {
        var features = context.Features;
        var metadata = features.Find<IEndpointFeature>()?.Endpoint?.Metadata;
        if (RequestClassification.IsDisabled(metadata))
        {
            return PassDisabled(context, metadata);
        }

        var sent = features.Find<IHttpRequestFeature>()!;
        var hasHeader = finder.TryGetHeader(sent.Headers, out var id);
        if (!hasHeader && !(RequestClassification.MayBeConnection(sent) && connections.TryTakeId(context, out id)))
        {
            return PassWithoutId(context, metadata, sent);
        }

        var classified = RequestClassification.Of(features, metadata, sent, features.Find<IHttpResponseFeature>()!);
        if (hasHeader && classified.IsConnection)
        {
            connections.Hide(context);
        }

        if (classified.Declared != SessionSignal.Activity)
        {
            headers.AddSignal(context, classified.Declared);
        }

        return finder.TryFind(context, sent.Headers, id, out var lookup, out var finding)
            ? Begin(context, classified, lookup)
            : BeginWhenFound(context, classified, finding);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task BeginWhenFound(HttpContext context, in RequestClassification classified, Task<SessionLookup> finding) =>
        BeginAsync(context, classified, new(finding));

    private async Task BeginAsync(HttpContext context, RequestClassification classified, ValueTask<SessionLookup> finding) =>
        await Begin(context, classified, await finding);

    private Task Begin(HttpContext context, in RequestClassification classified, in SessionLookup lookup)
    {
        if (lookup.Entry is not { } entry)
        {
            return sessionless.PassAsync(context, classified, lookup, next);
        }

        if (classified.IsConnection && connections.IsOfAnother(context, entry.Id))
        {
            return sessionless.RefuseConnectionAsync(context);
        }

        var request = requests.Take();
        var beginning = request.TryBeginAsync(context, classified, lookup, disarms: !entry.IsArmed || Disarms(classified.Headers, entry));
        if (!beginning.IsCompletedSuccessfully || classified.Metadata?.GetMetadata<SerializePerSessionAttribute>() is not null)
        {
            return ServeWhenBegun(context, classified, lookup, request, beginning);
        }

        if (!beginning.Result)
        {
            request.Abandon();
            return sessionless.PassEndedAsync(context, classified, entry, lookup.Carrier, next);
        }

        Count(classified, entry);
        return Serve(context, request);
    }

    private Task Serve(HttpContext context, SessionRequest request)
    {
        lateUsers.Watch(context);
        return request.ServeAsync(next);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Task ServeWhenBegun(
        HttpContext context,
        in RequestClassification classified,
        in SessionLookup lookup,
        SessionRequest request,
        ValueTask<bool> beginning) => ServeAsync(context, classified, lookup, request, beginning);

    /// <summary>Serves a request that has to wait: for the rules, or for its turn in its session's queue.</summary>
    private async Task ServeAsync(
        HttpContext context,
        RequestClassification classified,
        SessionLookup lookup,
        SessionRequest request,
        ValueTask<bool> beginning)
    {
        var isServed = false;
        var state = RequestState.GetOrAdd(context);
        try
        {
            var isBegun = await beginning;
            if (!state.IsOf(context))
            {
                // A middleware in front went on without this request, and its context may serve another one by now.
                return;
            }

            if (isBegun)
            {
                Count(classified, lookup.Entry!);
                if (classified.Metadata?.GetMetadata<SerializePerSessionAttribute>() is not { } serialized || SessionRequestQueues.HasTurn(context))
                {
                    isServed = true;
                    await Serve(context, request);
                    return;
                }

                var session = engine.TabSessionOf(lookup.Entry!);
                var (turn, queue) = await queues.EnterAsync(context, session, serialized.Timeout);
                if (queue is not null)
                {
                    try
                    {
                        isServed = true;
                        await Serve(context, request);
                    }
                    finally
                    {
                        queues.Leave(state, queue, session);
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
            if (!isServed)
            {
                request.Abandon();
            }
        }

        await sessionless.PassEndedAsync(context, classified, lookup.Entry!, lookup.Carrier, next);
    }

    /// <summary>Counts the request in the metrics, and records that its page is alive.</summary>
    private void Count(in RequestClassification classified, SessionEntry entry)
    {
        var signal = classified.Signal;
        if (signal == SessionSignal.None)
        {
            return;
        }

        metrics.SignalCounted(signal == SessionSignal.Activity ? "request" : "alive-request");

        // The signal has just been stamped: that is now.
        if (entry.LastSignal is var now && entry.ListensToPages(now))
        {
            HearPage(classified.Headers, entry, now);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void HearPage(IHeaderDictionary headers, SessionEntry entry, Moment now)
    {
        if (finder.PageOf(headers) is { IsNone: false } page)
        {
            entry.HeardPage(page, now);
        }
    }

    /// <summary>Whether a request disarms a self-destruct: not where it comes from the page whose detach armed it.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Disarms(IHeaderDictionary headers, SessionEntry entry) => !entry.IsArmedBy(finder.PageOf(headers));

    /// <summary>Passes on a request whose endpoint has no sessions: one of the app's, or a lifecycle call.</summary>
    private Task PassDisabled(HttpContext context, EndpointMetadataCollection metadata)
    {
        if (metadata.GetMetadata<LifecycleEndpointMetadata>() is not null)
        {
            RequestState.GetOrAdd(context).See(isAnonymous: guard.UserOf(context) is null);
        }
        else if (finder.TryGetHeader(context.RequestHeaders(), out var id))
        {
            foreignRedirects.Watch(context, id);

            // Without the header the browser module would count the request as activity.
            headers.AddSignal(context, SessionSignal.None);
        }

        return next(context);
    }

    private Task PassWithoutId(HttpContext context, EndpointMetadataCollection? metadata, IHttpRequestFeature sent)
    {
        if (plain.IsOn || plain.Starts(context, metadata))
        {
            var classified = RequestClassification.Of(context.Features, metadata);
            return BeginAsync(context, classified, plain.FindAsync(context, classified));
        }

        return metadata is null || (metadata.GetMetadata<RequireTabSessionAttribute>() is null && !RequestClassification.MayBeConnection(sent))
            ? next(context)
            : sessionless.PassUnlessRequiredAsync(context, RequestClassification.Of(context.Features, metadata), new(SessionLookupStatus.Missing), next);
    }
}
