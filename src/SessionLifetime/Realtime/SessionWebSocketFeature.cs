using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime;

/// <summary>
/// Stands before the framework's own way to accept a WebSocket: answers the browser module's subprotocol where the app chooses none, and
/// gives the app a socket that counts for its session.
/// </summary>
internal sealed class SessionWebSocketFeature(HttpContext context, IHttpWebSocketFeature inner, SessionEngine engine, SessionMetrics metrics) : IHttpWebSocketFeature
{
    /// <summary>Whether the client offered the module's subprotocol: Chromium cuts a connection that answers none of what it offered.</summary>
    public bool IsOffered { get; set; }

    /// <summary>Whether the client speaks the protocol, and so understands the codes a refused socket is closed with.</summary>
    public bool SpeaksOurs { get; set; }

    /// <summary>The request, once it has its session.</summary>
    public RequestInSession? Request { get; set; }

    /// <summary>Whether the connection is closed by the hub, which says good-bye in its own protocol first.</summary>
    public bool IsHub { get; set; }

    /// <summary>What the app was given.</summary>
    public SessionWebSocket? Socket { get; private set; }

    public bool IsWebSocketRequest => inner.IsWebSocketRequest;

    public async Task<WebSocket> AcceptAsync(WebSocketAcceptContext accept)
    {
        if (IsOffered && accept.SubProtocol is null)
        {
            accept = AnsweringOurs(accept);
        }

        // Servers that accept a socket themselves start no response that would tell.
        Request?.Release();
        var socket = await inner.AcceptAsync(accept);
        if (Request is not { } request)
        {
            return socket;
        }

        Socket = new SessionWebSocket(socket, context, engine, metrics, request.Session.Cell, request.Signal);
        if (!IsHub)
        {
            Socket.Connection = request.Connection = new SocketConnection(Socket);
            if (!request.Session.Connections.TryAdd(Socket.Connection))
            {
                // The session ended while the socket was accepted.
                Socket.Close(request.Session.EndReason ?? SessionEndReason.Exited);
            }
        }

        return Socket;
    }

    /// <summary>A copy: who accepts a socket without a wish shares one context with all others.</summary>
    private static WebSocketAcceptContext AnsweringOurs(WebSocketAcceptContext accept) => new()
    {
        SubProtocol = SessionSubprotocols.Name,
        KeepAliveInterval = accept.KeepAliveInterval,
        KeepAliveTimeout = accept.KeepAliveTimeout,
        DangerousEnableCompression = accept.DangerousEnableCompression,
        DisableServerContextTakeover = accept.DisableServerContextTakeover,
        ServerMaxWindowBits = accept.ServerMaxWindowBits,
    };
}
