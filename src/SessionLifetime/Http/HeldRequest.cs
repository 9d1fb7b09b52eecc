using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime;

/// <summary>
/// A request that holds its session's clocks until it completes, or until it turns out to be a connection rather than a request: it is
/// upgraded, or answers with an event stream. An open connection says nothing of the user.
/// </summary>
internal sealed class HeldRequest(SessionEngine engine, RequestHold hold, HttpContext context)
{
    public void Watch()
    {
        context.Response.OnStarting(static state => ((HeldRequest)state).OnStarting(), this);
        if (context.Features.Get<IHttpWebSocketFeature>() is { IsWebSocketRequest: true } webSocket)
        {
            context.Features.Set<IHttpWebSocketFeature>(new ReleasingWebSocket(this, webSocket));
        }
    }

    public void Release() => engine.Release(hold);

    /// <summary>Every way to upgrade starts a response, wherever in the pipeline the feature behind it was taken from.</summary>
    private Task OnStarting()
    {
        if (context.Response.StatusCode == StatusCodes.Status101SwitchingProtocols
            || context.Features.Get<IHttpExtendedConnectFeature>() is { IsExtendedConnect: true }
            || (context.Response.ContentType is { } type && type.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase)))
        {
            Release();
        }

        return Task.CompletedTask;
    }

    /// <summary>For servers that accept a WebSocket themselves, without a response that starts.</summary>
    private sealed class ReleasingWebSocket(HeldRequest held, IHttpWebSocketFeature inner) : IHttpWebSocketFeature
    {
        public bool IsWebSocketRequest => inner.IsWebSocketRequest;

        public Task<WebSocket> AcceptAsync(WebSocketAcceptContext context)
        {
            held.Release();
            return inner.AcceptAsync(context);
        }
    }
}
