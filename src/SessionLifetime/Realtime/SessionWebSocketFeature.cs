using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Requests;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>
/// Stands before the framework's own way to accept a WebSocket: answers the browser module's subprotocol where the app chooses none, and
/// gives the app a socket that counts for its session. Then it stands for the socket among the session's connections.
/// </summary>
internal sealed class SessionWebSocketFeature(MessageCounter counter, IHttpWebSocketFeature inner) : SessionConnection, IHttpWebSocketFeature, ISocketMessages
{
    private const string Kind = "message";

    private const int NotClosing = -1;

    private int _closing = NotClosing;
    private bool _isOver;

    /// <summary>Whether the client offered the module's subprotocol: Chromium cuts a connection that answers none of what it offered.</summary>
    public bool IsOffered { get; set; }

    /// <summary>Whether the client speaks the protocol, and so understands the codes a refused socket is closed with.</summary>
    public bool SpeaksOurs { get; set; }

    /// <summary>Whether the connection is closed by the hub, which says good-bye in its own protocol first.</summary>
    public bool IsHub { get; set; }

    /// <summary>The request, once it has its session.</summary>
    public ISessionRequest? Request { get; set; }

    /// <summary>What the app was given.</summary>
    public SessionWebSocket? Socket { get; private set; }

    public bool IsWebSocketRequest => inner.IsWebSocketRequest;

    public async Task<WebSocket> AcceptAsync(WebSocketAcceptContext accept)
    {
        if (IsOffered && accept.SubProtocol is null)
        {
            accept = AnsweringOurs(accept);
        }

        Request?.Detach();
        var socket = await inner.AcceptAsync(accept);
        if (Request is not { } request)
        {
            return socket;
        }

        Socket = new SessionWebSocket(socket, this);
        Interlocked.MemoryBarrier();
        if (_closing != NotClosing)
        {
            Socket.Close((SessionEndReason)_closing);
        }

        if (!IsHub)
        {
            request.Connection = this;
            if (!request.Session.Connections.TryAdd(this))
            {
                // The session ended while the socket was accepted.
                Socket.Close(request.Session.EndReason ?? SessionEndReason.Exited);
            }
        }

        return Socket;
    }

    public bool TryCount() => counter.TryCount(Request!.Session.Entry, Request.Signal, Kind);

    public ValueTask<bool> CountAsync() => counter.CountAsync(Request!.Session.Entry, Request.Signal, Kind);

    public override void Close(SessionEndReason reason) => Socket!.Close(reason);

    /// <summary>Closes a hub's socket whose client has not said in which protocol to tell it why; one that is not accepted yet, as soon as it is.</summary>
    public void CloseEarly(SessionEndReason reason)
    {
        Interlocked.Exchange(ref _closing, (int)reason);
        Socket?.Close(reason);
    }

    /// <summary>The client has not answered. A handler that only sends hears of it as of a client that is gone.</summary>
    public override void Abort()
    {
        Socket!.CutOff();
        lock (Request!)
        {
            // When its request is over, the context is another's.
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
