using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Requests;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Ids;

namespace SessionLifetime.Realtime;

/// <summary>
/// Finds the sessions of connections (WebSockets by a subprotocol or a ticket, event streams by a ticket), and closes connections when their session
/// ends.
/// </summary>
/// <remarks>
/// Endpoints of the app get the WebSocket feature from <c>UseWebSockets()</c>, which must come before this library's middleware. Hubs add it themselves,
/// behind the middleware, so <see cref="HubWebSockets"/> adds it earlier.
/// </remarks>
internal sealed class RealtimeConnections(
    OneTimeTokens tokens,
    OpenHubConnections hubs,
    HubWebSockets hubSockets,
    MessageCounter counter,
    TimeProvider time,
    ILogger<RealtimeConnections> logger) : IConnections
{
    /// <summary>How long a refused client has to answer the close.</summary>
    private static readonly TimeSpan s_closeWait = TimeSpan.FromSeconds(2);

    private int _hasWarned;

    public bool TryTakeId(HttpContext context, out StringValues id)
    {
        id = default;
        if (TakeSubprotocols(context) is { } text)
        {
            id = text;
            return true;
        }

        if (TicketParameter.Take(context.Request) is not { } ticket)
        {
            return false;
        }

        if (FeatureOf(context) is { } socket)
        {
            socket.IsOfModule = true;
        }

        id = tokens.TryRedeem(TokenPurpose.Ticket, ticket, context.Request, out var grant) ? grant.Secret.Reveal() : "";
        return true;
    }

    public void Hide(HttpContext context)
    {
        TakeSubprotocols(context);
        TicketParameter.Take(context.Request);
    }

    public bool Open(HttpContext context, ISessionRequest request)
    {
        var isHub = context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is not null;
        if (FeatureOf(context) is { } feature)
        {
            feature.Request = request;
            feature.IsHub = isHub;
            return true;
        }

        if (isHub)
        {
            HubSessionItem.Set(context, request.Session);
        }
        else if (context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } && context.Request.Headers.SecWebSocketVersion.Count > 0)
        {
            WarnOfOrder(context);
        }
        else if (context.GetEndpoint()?.Metadata.GetMetadata<EndWithSessionAttribute>() is not null)
        {
            EndWithSession(context, request);
        }

        return false;
    }

    public void OnEventStream(HttpContext context, ISessionRequest request)
    {
        if (request.Connection is null && context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is null)
        {
            EndWithSession(context, request);
        }
    }

    public bool IsOfAnother(HttpContext context, PublicId? session) => OpenHubOf(context) is { } hub && hub.Id != session;

    public bool IsClosing(HttpContext context, SessionLookup lookup) =>
        lookup.Status == SessionLookupStatus.Ended && OpenHubOf(context) is { IsEnded: true } hub && hub.Id == lookup.EndedId;

    public bool TryRefuse(HttpContext context, SessionLookup lookup, out Task refusing)
    {
        if (context.Features.Get<IHttpWebSocketFeature>() is SessionWebSocketFeature { IsOfModule: true } feature)
        {
            refusing = RefuseAsync(feature, lookup, context.RequestAborted);
            return true;
        }

        refusing = Task.CompletedTask;
        return false;
    }

    /// <summary>Removes the library's subprotocols from the offer of a WebSocket. Returns the id that one of them carries, as it was sent; null for none.</summary>
    private string? TakeSubprotocols(HttpContext context)
    {
        var headers = context.Request.Headers;
        if (headers.SecWebSocketProtocol is not { Count: > 0 } offered
            || !SessionSubprotocols.AreOffered(offered)
            || FeatureOf(context) is not { } feature
            || !SessionSubprotocols.TryTake(offered, out var id, out var others))
        {
            return null;
        }

        headers.SecWebSocketProtocol = others;
        feature.IsOffered = feature.IsOfModule = true;
        return id;
    }

    /// <summary>
    /// Tells the reason, and waits briefly for the client's own close: over HTTP/2 the end of the request resets the stream, and a client that has not read
    /// the close frame by then sees no reason.
    /// </summary>
    private async Task RefuseAsync(SessionWebSocketFeature feature, SessionLookup lookup, CancellationToken aborted)
    {
        using var socket = await feature.AcceptAsync(new WebSocketAcceptContext());
        var (code, description) = CloseCodes.Of(lookup);
        using var limit = new CancellationTokenSource(s_closeWait, time);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, aborted);
        try
        {
            await socket.CloseAsync(code, description, giveUp.Token);
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException)
        {
            // The client has gone already, or does not answer.
        }
    }

    private static void EndWithSession(HttpContext context, ISessionRequest request)
    {
        request.Connection = new RequestConnection(context);
        if (!request.Session.Connections.TryAdd(request.Connection))
        {
            context.Abort();
        }
    }

    private SessionEntry? OpenHubOf(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is null ? null : hubs.SessionOf(context.Request);

    /// <summary>The library's feature, which replaces the framework's; null where the request is no WebSocket, or no feature is there yet.</summary>
    private SessionWebSocketFeature? FeatureOf(HttpContext context)
    {
        var found = context.Features.Get<IHttpWebSocketFeature>();
        if (found is SessionWebSocketFeature existing)
        {
            return existing;
        }

        if (found is null && context.GetEndpoint()?.Metadata.GetMetadata<HubMetadata>() is not null)
        {
            hubSockets.SetFeature(context);
            found = context.Features.Get<IHttpWebSocketFeature>();
        }

        if (found is not { IsWebSocketRequest: true })
        {
            return null;
        }

        var feature = new SessionWebSocketFeature(counter, found);
        context.Features.Set<IHttpWebSocketFeature>(feature);
        return feature;
    }

    /// <summary>Warns if the request is upgraded.</summary>
    private void WarnOfOrder(HttpContext context) => context.Response.OnStarting(() =>
    {
        if (context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.WebSocketsTooLate();
        }

        return Task.CompletedTask;
    });
}
