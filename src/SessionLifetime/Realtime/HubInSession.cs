using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;

namespace SessionLifetime;

/// <summary>
/// A connection to a hub whose session is known. At the session's end the client is told the reason in the hub's own protocol, which every
/// transport carries, and told not to come back; then it hangs up. On one that does not, its WebSocket is closed with the code and the
/// reason, and in the end it is cut off.
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

    /// <summary>The handshake is done: now the client can be told something.</summary>
    public void Meet(HubConnectionContext hub)
    {
        string? farewell;
        lock (_lock)
        {
            _hub = hub;
            farewell = _farewell;
        }

        if (farewell is not null)
        {
            _ = SayAsync(hub, farewell);
        }
    }

    public override void Close(SessionEndReason reason)
    {
        HubConnectionContext? hub;
        var farewell = $"The session has ended: {reason}.";
        lock (_lock)
        {
            _farewell = farewell;
            hub = _hub;
        }

        if (hub is not null)
        {
            _ = SayAsync(hub, farewell);
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
            if (connection.GetHttpContext()?.Features.Get<IHttpWebSocketFeature>() is SessionWebSocketFeature { Socket: { } socket })
            {
                socket.Close(session.EndReason ?? SessionEndReason.Exited);
            }
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
        using var stop = new CancellationTokenSource();
        await Task.WhenAny(drawn.Task, Task.Delay(s_patience, time, stop.Token));
        await stop.CancelAsync();
    }
}
