using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime;

/// <summary>
/// A request of the app while its session is on it: it holds the session's clocks, if it is one that does, and its answer hands out a
/// new id, if there is one.
/// </summary>
/// <remarks>
/// It holds until it completes, or until it turns out to be a connection rather than a request: it is upgraded, or answers with an event
/// stream. An open connection says nothing of the user.
/// </remarks>
internal sealed class RequestInSession(SessionEngine engine, HttpContext context, SessionCell cell, SessionId sent, RequestHold? hold)
{
    public void Watch()
    {
        context.Response.OnStarting(static state => ((RequestInSession)state).OnStarting(), this);
        if (hold is not null && context.Features.Get<IHttpWebSocketFeature>() is { IsWebSocketRequest: true } webSocket)
        {
            context.Features.Set<IHttpWebSocketFeature>(new ReleasingWebSocket(this, webSocket));
        }
    }

    public void Release()
    {
        if (hold is not null)
        {
            engine.Release(hold);
        }
    }

    /// <summary>Every way to upgrade starts a response, wherever in the pipeline the feature behind it was taken from.</summary>
    private Task OnStarting()
    {
        var response = context.Response;
        if (response.StatusCode == StatusCodes.Status101SwitchingProtocols
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true })
        {
            Release();
            return Task.CompletedTask;
        }

        if (response.ContentType is { } type && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            Release();
        }

        if (cell.NewerThan(sent) is { } newer)
        {
            HandOut(newer);
        }

        return Task.CompletedTask;
    }

    /// <summary>
    /// Only to pages of the app itself, and into no cache: this late, the output cache has its copy already, and browsers and proxies heed
    /// the header. A 304 would write it into what a browser has stored before.
    /// </summary>
    private void HandOut(SessionId newer)
    {
        if (!cell.IsEnded && context.Response.StatusCode != StatusCodes.Status304NotModified && RequestOrigin.IsSame(context.Request))
        {
            context.Response.Headers[SessionHeaders.Id] = newer.Reveal();
            context.Response.Headers.CacheControl = "no-store";
        }
    }

    /// <summary>For servers that accept a WebSocket themselves, without a response that starts.</summary>
    private sealed class ReleasingWebSocket(RequestInSession request, IHttpWebSocketFeature inner) : IHttpWebSocketFeature
    {
        public bool IsWebSocketRequest => inner.IsWebSocketRequest;

        public Task<WebSocket> AcceptAsync(WebSocketAcceptContext context)
        {
            request.Release();
            return inner.AcceptAsync(context);
        }
    }
}
