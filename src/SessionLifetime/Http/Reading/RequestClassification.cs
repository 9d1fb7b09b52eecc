using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Reading;

/// <summary>What a request is to sessions: read once, from the metadata of its endpoint and from its headers.</summary>
/// <param name="Metadata">The metadata of the endpoint; null where the request has no endpoint.</param>
/// <param name="Sent">The request as the server has received it.</param>
/// <param name="Response">Its answer.</param>
/// <param name="Declared">What the endpoint says its requests, and messages of its connections, tell of the user.</param>
/// <param name="IsConnection">Whether the request stays open, and ends with its session.</param>
/// <param name="IsSpeculative">Whether the browser prefetches or prerenders: the user has not asked for it yet.</param>
/// <param name="Hold">How long the endpoint says its requests hold the clocks; zero where it says nothing.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestClassification(
    EndpointMetadataCollection? Metadata,
    IHttpRequestFeature Sent,
    IHttpResponseFeature Response,
    SessionSignal Declared,
    bool IsConnection,
    bool IsSpeculative,
    TimeSpan Hold)
{
    private const string SecPurpose = "Sec-Purpose";

    /// <summary>The headers of the request.</summary>
    public IHeaderDictionary Headers => Sent.Headers;

    /// <summary>How the request counts for its session. One that opens a connection is no activity: browsers reconnect without their users.</summary>
    public SessionSignal Signal => IsSpeculative ? SessionSignal.None
        : IsConnection && Declared == SessionSignal.Activity ? SessionSignal.Alive
        : Declared;

    /// <summary>Whether the endpoint is reached with a living session only.</summary>
    public bool RequiresSession => Metadata?.GetMetadata<RequireTabSessionAttribute>() is not null;

    /// <summary>Classifies a request whose features have been found.</summary>
    /// <remarks>
    /// An error page (exception handler, status code page) runs the pipeline a second time in place of the endpoint that failed. It is classified as
    /// that endpoint: a poll that fails tells no more of the user than one that succeeds.
    /// </remarks>
    public static RequestClassification Of(
        IFeatureCollection features,
        EndpointMetadataCollection? metadata,
        IHttpRequestFeature request,
        IHttpResponseFeature response)
    {
        var marks = response.StatusCode < StatusCodes.Status400BadRequest ? metadata : MarksOfErrorPage(features) ?? metadata;
        var isUpgrade = IsUpgrade(request);
        var (signal, hold) = marks is null ? default : Marks(marks);

        // A request to a hub has a query or is an upgrade; looking for the hub's metadata is left out for all others.
        var staysOpen = signal is EndWithSessionAttribute
            || (marks is not null && (isUpgrade || request.QueryString.Length > 0) && marks.GetMetadata<HubMetadata>() is not null);

        // An event stream has no messages of the client to count, so its endpoint may say that opening one is activity.
        return new(
            metadata,
            request,
            response,
            signal?.Signal ?? (staysOpen || IsEventStream(request) ? SessionSignal.Alive : SessionSignal.Activity),
            staysOpen || isUpgrade,
            HasSpeculativePurpose(request.Headers),
            hold?.Duration ?? TimeSpan.Zero);
    }

    /// <summary>The same, with the features looked up.</summary>
    public static RequestClassification Of(IFeatureCollection features, EndpointMetadataCollection? metadata) =>
        Of(features, metadata, features.Find<IHttpRequestFeature>()!, features.Find<IHttpResponseFeature>()!);

    /// <summary>Whether the id may be elsewhere than in the header: in a subprotocol of an upgrade, or in the query.</summary>
    public static bool MayBeConnection(IHttpRequestFeature request) => request.QueryString.Length > 0 || IsUpgrade(request);

    /// <summary>Whether it is a connection on which no script can set a header: a WebSocket, an event stream.</summary>
    public static bool HasNoHeaders(HttpRequest request) =>
        (HttpMethods.IsConnect(request.Method)
            || request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase)
            || request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        && !PlainNavigation.IsOne(request)
        && !PlainNavigation.IsInFrame(request);

    public static bool HasSpeculativePurpose(HttpRequest request) => HasSpeculativePurpose(request.Headers);

    /// <summary>Fetch standard: <c>Sec-Purpose: prefetch</c>, also <c>prefetch;prerender</c>.</summary>
    public static bool HasSpeculativePurpose(IHeaderDictionary headers) =>
        headers.TryGetValue(SecPurpose, out var purpose)
        && purpose.ToString() is { Length: > 0 } text
        && (text.Contains("prefetch", StringComparison.OrdinalIgnoreCase) || text.Contains("prerender", StringComparison.OrdinalIgnoreCase));

    /// <summary>Whether an endpoint has no session at all.</summary>
    public static bool IsDisabled([NotNullWhen(true)] EndpointMetadataCollection? metadata) =>
        metadata?.GetMetadata<DisableTabSessionAttribute>() is not null && !IsRequiredAgain(metadata);

    /// <summary>The metadata of the endpoint that failed; null where the request is no error page of a request with a session.</summary>
    private static EndpointMetadataCollection? MarksOfErrorPage(IFeatureCollection features) => features.Get<TabSession>() is null
        ? null
        : (features.Get<IExceptionHandlerFeature>()?.Endpoint ?? features.Get<IStatusCodeReExecuteFeature>()?.Endpoint)?.Metadata;

    /// <summary>HTML standard, server-sent events: what an <c>EventSource</c> asks with, also when it reconnects. A POST is sent by the page itself.</summary>
    private static bool IsEventStream(IHttpRequestFeature request) =>
        request.Headers.Accept is [{ } accept, ..]
        && accept.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)
        && HttpMethods.IsGet(request.Method);

    private static bool IsUpgrade(IHttpRequestFeature request) => request.Headers.Upgrade.Count > 0 || HttpMethods.IsConnect(request.Method);

    /// <summary>The last mark of each kind counts, as everywhere with endpoints.</summary>
    private static (SessionSignalAttribute? Signal, RequestHoldAttribute? Hold) Marks(EndpointMetadataCollection metadata)
    {
        var (signal, hold) = ((SessionSignalAttribute?)null, (RequestHoldAttribute?)null);
        if (metadata.GetOrderedMetadata<IRequestMark>() is { Count: > 0 } marks)
        {
            for (var index = 0; index < marks.Count; index++)
            {
                signal = marks[index] as SessionSignalAttribute ?? signal;
                hold = marks[index] as RequestHoldAttribute ?? hold;
            }
        }

        return (signal, hold);
    }

    /// <summary>Whether an endpoint requires a session although its group disables it: of the two marks the later one counts.</summary>
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
}
