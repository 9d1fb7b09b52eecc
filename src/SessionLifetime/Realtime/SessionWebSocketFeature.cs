using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Requests;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>
/// Replaces the framework's WebSocket feature: answers the browser module's subprotocol where the app selects none, and gives the app a socket whose
/// messages count for the session. After that it is the socket's entry among the session's connections.
/// </summary>
internal sealed class SessionWebSocketFeature(MessageCounter counter, IHttpWebSocketFeature inner) : SessionConnection, IHttpWebSocketFeature, ISocketMessages
{
    private const string Kind = "message";

    private const int NotClosing = -1;
    private const int ServerStops = -2;

    private int _closing = NotClosing;
    private bool _isOver;

    /// <summary>Whether the client offered the module's subprotocol: Chromium fails a connection whose answer selects none of those offered.</summary>
    public bool IsOffered { get; set; }

    /// <summary>Whether the client is the browser module, which understands the codes that a refused socket is closed with.</summary>
    public bool IsOfModule { get; set; }

    /// <summary>Whether a hub closes the connection, with a close message of its own protocol first.</summary>
    public bool IsHub { get; set; }

    /// <summary>The request; null until it has its session.</summary>
    public ISessionRequest? Request { get; set; }

    /// <summary>The socket that the app uses; null until it is accepted.</summary>
    public SessionWebSocket? Socket { get; private set; }

    public bool IsWebSocketRequest => inner.IsWebSocketRequest;

    public async Task<WebSocket> AcceptAsync(WebSocketAcceptContext accept)
    {
        if (IsOffered && accept.SubProtocol is null)
        {
            accept = WithModuleSubprotocol(accept);
        }

        Request?.ReleaseForConnection();
        var socket = await inner.AcceptAsync(accept);
        if (Request is not { } request)
        {
            return socket;
        }

        Socket = new SessionWebSocket(socket, this);
        Interlocked.MemoryBarrier();
        if (_closing != NotClosing)
        {
            Socket.Close(_closing == ServerStops ? null : (SessionEndReason)_closing);
        }

        if (!IsHub)
        {
            request.Connection = this;
            if (!request.Session.Connections.TryAdd(this))
            {
                // The session ended, or the server began to stop, while the socket was accepted.
                Socket.Close(request.Session.EndReason);
            }
        }

        return Socket;
    }

    public ValueTask<bool> CountAsync() => counter.CountAsync(Request!.Session.Entry, Request.MessageSignal, Kind);

    public override void Close(SessionEndReason? reason) => Socket!.Close(reason);

    /// <summary>Closes a hub's socket whose handshake is not completed; one that is not accepted yet, as soon as it is.</summary>
    public void CloseBeforeHandshake(SessionEndReason? reason)
    {
        Interlocked.Exchange(ref _closing, (int?)reason ?? ServerStops);
        Socket?.Close(reason);
    }

    /// <summary>Aborts the connection: the client has not answered the close. The request is aborted too, for handlers that only send.</summary>
    public override void Abort()
    {
        Socket!.AbortConnection();
        lock (Request!)
        {
            // Once the request is over, the server reuses the context.
            if (!_isOver)
            {
                Request.Context.Abort();
            }
        }
    }

    public override void Leave()
    {
        if (Request is { } request)
        {
            lock (request)
            {
                _isOver = true;
            }
        }

        base.Leave();
    }

    /// <summary>A copy: the framework uses one shared context for callers that pass none.</summary>
    private static WebSocketAcceptContext WithModuleSubprotocol(WebSocketAcceptContext accept) => new()
    {
        SubProtocol = SessionSubprotocols.Name,
        KeepAliveInterval = accept.KeepAliveInterval,
        KeepAliveTimeout = accept.KeepAliveTimeout,
        DangerousEnableCompression = accept.DangerousEnableCompression,
        DisableServerContextTakeover = accept.DisableServerContextTakeover,
        ServerMaxWindowBits = accept.ServerMaxWindowBits,
    };
}
