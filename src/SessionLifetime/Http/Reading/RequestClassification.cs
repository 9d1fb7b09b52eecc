using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Reading;

/// <summary>What the marks of its endpoint make of a request.</summary>
/// <param name="Signal">What it tells of its user.</param>
/// <param name="IsConnection">Whether it stays open: it ends with its session.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestClassification(SessionSignal Signal, bool IsConnection)
{
    /// <summary>
    /// Reads them. An error page stands for the endpoint that failed, and comes by here a second time, with the status of an error: a poll
    /// that fails tells no more than one that succeeds.
    /// </summary>
    public static RequestClassification Of(IFeatureCollection features, EndpointMetadataCollection? metadata) =>
        Of(features, metadata, features.Find<IHttpRequestFeature>()!, features.Find<IHttpResponseFeature>()!);

    /// <summary>The same, of a request whose features have been found.</summary>
    public static RequestClassification Of(
        IFeatureCollection features,
        EndpointMetadataCollection? metadata,
        IHttpRequestFeature request,
        IHttpResponseFeature response)
    {
        if (response.StatusCode >= StatusCodes.Status400BadRequest && features.Get<ITabSessionFeature>() is not null)
        {
            var failed = features.Get<IExceptionHandlerFeature>()?.Endpoint ?? features.Get<IStatusCodeReExecuteFeature>()?.Endpoint;
            metadata = failed?.Metadata ?? metadata;
        }

        var isUpgrade = IsUpgrade(request);
        var mark = metadata?.GetMetadata<SessionSignalAttribute>();

        // Each request to a hub has a query, or is to be upgraded: most others need not be looked at.
        var stays = mark is EndWithSessionAttribute
            || (metadata is not null && (isUpgrade || request.QueryString.Length > 0) && metadata.GetMetadata<HubMetadata>() is not null);

        // Connections come and go by themselves; what their users do, their messages tell.
        return new(mark?.Signal ?? (stays ? SessionSignal.Alive : SessionSignal.Activity), stays || isUpgrade);
    }

    /// <summary>Whether a request may carry its id elsewhere than in the header: it has a query, or is to be upgraded. Most others need not be looked at.</summary>
    public static bool MayBeConnection(IHttpRequestFeature request) => request.QueryString.Length > 0 || IsUpgrade(request);

    /// <summary>Whether it is a connection on which no script can set a header: a WebSocket, an event stream.</summary>
    public static bool HasNoHeaders(HttpRequest request) =>
        (HttpMethods.IsConnect(request.Method)
            || request.Headers.Upgrade.ToString().Contains("websocket", StringComparison.OrdinalIgnoreCase)
            || request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        && !PlainNavigation.IsOne(request)
        && !PlainNavigation.IsInFrame(request);

    private static bool IsUpgrade(IHttpRequestFeature request) => request.Headers.Upgrade.Count > 0 || HttpMethods.IsConnect(request.Method);

    /// <summary>Whether an endpoint has no session at all.</summary>
    public static bool IsDisabled([NotNullWhen(true)] EndpointMetadataCollection? metadata) =>
        metadata?.GetMetadata<DisableTabSessionAttribute>() is not null && !IsRequiredAgain(metadata);

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
}
