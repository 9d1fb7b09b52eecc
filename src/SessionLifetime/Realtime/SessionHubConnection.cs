using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>A hub connection that has a session, and closes with it.</summary>
/// <remarks>
/// <para>
/// When the session ends, the client gets the hub protocol's close message with the reason, which every transport carries and which tells it not to
/// reconnect; then the client closes the connection. If it does not, its WebSocket is closed with code 4408 and the reason, and finally aborted.
/// Before the handshake no hub message can be sent: a WebSocket is closed at once, other transports get the close message after the handshake.
/// </para>
/// <para>
/// The framework handles a connection within one asynchronous flow. Everything it creates there (hubs, their scopes, circuits) finds its connection by
/// <see cref="Current"/>.
/// </para>
/// </remarks>
internal sealed class SessionHubConnection(ConnectionContext connection, TabSession session, TimeProvider time) : SessionConnection
{
    /// <summary>How long the client has to close the connection by itself.</summary>
    private static readonly TimeSpan s_closeTimeout = TimeSpan.FromSeconds(0.5);

    private static readonly AsyncLocal<SessionHubConnection?> s_current = new();

    private readonly Lock _lock = new();
    private HubConnectionContext? _hub;
    private CloseMessage? _pendingClose;
    private bool _isHandshakeCompleted;

    /// <summary>The connection of the current asynchronous flow; null outside of any, or where it has no session.</summary>
    public static SessionHubConnection? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    public TabSession Session => session;

    /// <summary>
    /// Where the components of the connection's circuit run; null where it has none. What they render when the session ends was queued there before
    /// the connection is closed, and is sent first.
    /// </summary>
    public SynchronizationContext? RendererContext { get; set; }

    private SessionWebSocketFeature? WebSocket => connection.GetHttpContext()?.Features.Get<IHttpWebSocketFeature>() as SessionWebSocketFeature;

    /// <summary>The client's handshake was received, and is not answered yet.</summary>
    public void OnHandshake(HubConnectionContext hub)
    {
        lock (_lock)
        {
            _hub = hub;
        }
    }

    /// <summary>The handshake is answered: from now on messages can be sent.</summary>
    public void OnHandshakeCompleted()
    {
        HubConnectionContext? hub;
        CloseMessage? message;
        lock (_lock)
        {
            _isHandshakeCompleted = true;
            (hub, message) = (_hub, _pendingClose);
        }

        if (hub is not null && message is not null)
        {
            _ = SendCloseAsync(hub, message);
        }
    }

    public override void Close(SessionEndReason? reason)
    {
        HubConnectionContext? hub;
        var message = reason is null ? new CloseMessage(error: null, allowReconnect: true) : new CloseMessage($"The session has ended: {reason}.");
        var socket = WebSocket;
        lock (_lock)
        {
            hub = _isHandshakeCompleted ? _hub : null;
            _pendingClose = socket is null ? message : null;
        }

        if (hub is not null)
        {
            _ = SendCloseAsync(hub, message);
        }
        else
        {
            socket?.CloseBeforeHandshake(reason);
        }
    }

    public override void Abort() => connection.Abort();

    private async Task SendCloseAsync(HubConnectionContext hub, CloseMessage message)
    {
        try
        {
            if (RendererContext is { } renderer)
            {
                await WaitForRendererAsync(renderer);
            }

            await hub.WriteAsync(message);
            await Task.Delay(s_closeTimeout, time, hub.ConnectionAborted);
            WebSocket?.Socket?.Close(session.EndReason);
        }
        catch (Exception exception) when (exception is InvalidOperationException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // The client has closed the connection already.
        }
    }

    /// <summary>Completes when the components have run what was queued for them, or after the timeout.</summary>
    private async Task WaitForRendererAsync(SynchronizationContext renderer)
    {
        var rendered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        renderer.Post(static state => ((TaskCompletionSource)state!).TrySetResult(), rendered);
        await TimedWait.ForAsync(rendered.Task, s_closeTimeout, time);
    }
}
