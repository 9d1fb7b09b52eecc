using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>
/// A connection to a hub whose session is known. At the session's end the client is told the reason in the hub's own protocol, which every
/// transport carries, and told not to come back; then it hangs up. On one that does not, its WebSocket is closed with the code and the
/// reason, and in the end it is cut off. Before the handshake nothing can be said in that protocol: a WebSocket is closed at once, and on the
/// other transports the good-bye waits for the handshake.
/// </summary>
/// <remarks>
/// What the framework does for a connection, it does in the flow of one asynchronous call. So everything that is made meanwhile, hubs,
/// their scopes, circuits, can learn by <see cref="Current"/> whose connection it is made for.
/// </remarks>
internal sealed class HubInSession(ConnectionContext connection, TabSession session, TimeProvider time) : SessionConnection
{
    /// <summary>How long a client has to hang up by itself.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(0.5);

    private static readonly AsyncLocal<HubInSession?> s_current = new();

    private readonly Lock _lock = new();
    private HubConnectionContext? _hub;
    private string? _farewell;
    private bool _isGreeted;

    /// <summary>The connection in whose flow this is; null outside of any, or where it has no session.</summary>
    public static HubInSession? Current
    {
        get => s_current.Value;
        set => s_current.Value = value;
    }

    public TabSession Session => session;

    /// <summary>
    /// Where a circuit's components run, if there is one: what they draw at the session's end was asked for before the connection is closed,
    /// and goes first.
    /// </summary>
    public SynchronizationContext? Drawing { get; set; }

    /// <summary>The session of the request a connection began with; null where it has none.</summary>
    public static TabSession? SessionOf(ConnectionContext connection) => connection.GetHttpContext() is { } context
        ? context.GetTabSession() ?? context.Items[RealtimeConnections.SessionKey] as TabSession
        : null;

    private SessionWebSocketFeature? WebSocket => connection.GetHttpContext()?.Features.Get<IHttpWebSocketFeature>() as SessionWebSocketFeature;

    /// <summary>The handshake has come, and is not answered yet.</summary>
    public void Meet(HubConnectionContext hub)
    {
        lock (_lock)
        {
            _hub = hub;
        }
    }

    /// <summary>The handshake is answered: now the client can be told something.</summary>
    public void Greeted()
    {
        HubConnectionContext? hub;
        string? farewell;
        lock (_lock)
        {
            _isGreeted = true;
            (hub, farewell) = (_hub, _farewell);
        }

        if (hub is not null && farewell is not null)
        {
            _ = SayAsync(hub, farewell);
        }
    }

    public override void Close(SessionEndReason reason)
    {
        HubConnectionContext? hub;
        var farewell = $"The session has ended: {reason}.";
        var socket = WebSocket;
        lock (_lock)
        {
            hub = _isGreeted ? _hub : null;
            _farewell = socket is null ? farewell : null;
        }

        if (hub is not null)
        {
            _ = SayAsync(hub, farewell);
        }
        else
        {
            socket?.CloseEarly(reason);
        }
    }

    public override void Abort() => connection.Abort();

    private async Task SayAsync(HubConnectionContext hub, string farewell)
    {
        try
        {
            if (Drawing is { } drawing)
            {
                await DrawnAsync(drawing);
            }

            await hub.WriteAsync(new CloseMessage(farewell));
            await Task.Delay(s_patience, time, hub.ConnectionAborted);
            WebSocket?.Socket?.Close(session.EndReason ?? SessionEndReason.Exited);
        }
        catch (Exception exception) when (exception is InvalidOperationException or OperationCanceledException or ObjectDisposedException or IOException)
        {
            // It hung up before.
        }
    }

    /// <summary>Completes when the components have done what waits for them; those that do not come to it delay nothing for long.</summary>
    private async Task DrawnAsync(SynchronizationContext drawing)
    {
        var drawn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        drawing.Post(static state => ((TaskCompletionSource)state!).TrySetResult(), drawn);
        await TimedWait.ForAsync(drawn.Task, s_patience, time);
    }
}
