using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

/// <summary>
/// A WebSocket of a session as the app sees it: each message received counts for the session, and when that ends the app receives a close
/// message with code 4408 and the reason, as if the client had sent it.
/// </summary>
/// <remarks>
/// <para>
/// Life: accepted, used by the app, closed by the app, by the client, or by the end of the session, whichever is first. At the end our own
/// close message goes out beside whatever the app is sending (the socket below sends one frame after the other), and the app's pending
/// receive goes on until the client has answered, or the closer has lost its patience and cuts the connection. Either way it is told a close.
/// </para>
/// <para>
/// A message that comes when its session is over is never handed to the app, also where the exit handlers still run and nothing is closed
/// yet: the receive goes on and waits for the close.
/// </para>
/// <para>Receiving allocates nothing and takes no lock beyond what the socket below does.</para>
/// </remarks>
internal sealed class SessionWebSocket(WebSocket inner, HttpContext context, SessionEngine engine, SessionMetrics metrics, SessionCell cell, SessionSignal signal)
    : WebSocket
{
    private readonly string? _subProtocol = string.Equals(inner.SubProtocol, SessionSubprotocols.Name, StringComparison.Ordinal) ? null : inner.SubProtocol;
    private string? _reason;

    /// <summary>What the session closes it by; null where something else does.</summary>
    public SessionConnection? Connection { get; set; }

    public override WebSocketCloseStatus? CloseStatus => IsClosing ? CloseCodes.Ended : inner.CloseStatus;

    public override string? CloseStatusDescription => IsClosing ? _reason : inner.CloseStatusDescription;

    public override WebSocketState State => inner.State is WebSocketState.Aborted && IsClosing ? WebSocketState.Closed : inner.State;

    /// <summary>What the app and the client agreed on; nothing where only ours was left.</summary>
    public override string? SubProtocol => _subProtocol;

    private bool IsClosing => Volatile.Read(ref _reason) is not null;

    /// <summary>The session has ended. Waits for nobody.</summary>
    public void Close(SessionEndReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason.ToString(), null) is null)
        {
            _ = CloseByUsAsync();
        }
    }

    /// <summary>The client has not answered. A handler that only sends hears of it as of a client that is gone.</summary>
    public void CutOff()
    {
        inner.Abort();
        context.Abort();
    }

    public override void Abort()
    {
        inner.Abort();
        Connection?.Leave();
    }

    public override void Dispose()
    {
        inner.Dispose();
        Connection?.Leave();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        while (true)
        {
            ValueWebSocketReceiveResult received;
            try
            {
                received = await inner.ReceiveAsync(buffer, cancellationToken);
            }
            catch (Exception exception) when (IsClosing && IsOfClosing(exception) && !cancellationToken.IsCancellationRequested)
            {
                received = new(0, WebSocketMessageType.Close, endOfMessage: true);
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                Connection?.Leave();
                return received;
            }

            var counted = CountAsync();
            if (counted.IsCompletedSuccessfully ? counted.Result : await counted)
            {
                return received;
            }
        }
    }

    public override async Task<WebSocketReceiveResult> ReceiveAsync(ArraySegment<byte> buffer, CancellationToken cancellationToken)
    {
        var received = await ReceiveAsync(buffer.AsMemory(), cancellationToken);
        return received.MessageType == WebSocketMessageType.Close
            ? new(received.Count, received.MessageType, received.EndOfMessage, CloseStatus, CloseStatusDescription)
            : new(received.Count, received.MessageType, received.EndOfMessage);
    }

    public override Task SendAsync(ArraySegment<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    public override ValueTask SendAsync(
        ReadOnlyMemory<byte> buffer,
        WebSocketMessageType messageType,
        WebSocketMessageFlags messageFlags,
        CancellationToken cancellationToken) => inner.SendAsync(buffer, messageType, messageFlags, cancellationToken);

    public override ValueTask SendAsync(ReadOnlyMemory<byte> buffer, WebSocketMessageType messageType, bool endOfMessage, CancellationToken cancellationToken) =>
        inner.SendAsync(buffer, messageType, endOfMessage, cancellationToken);

    /// <summary>Where our own close message has gone out already there is nothing left to say.</summary>
    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        IsClosing ? Task.CompletedTask : inner.CloseAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        IsClosing ? Task.CompletedTask : inner.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    private static bool IsOfClosing(Exception exception) =>
        exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException;

    private async Task CloseByUsAsync()
    {
        try
        {
            if (inner.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await inner.CloseOutputAsync(CloseCodes.Ended, _reason, CancellationToken.None);
            }
        }
        catch (Exception exception) when (IsOfClosing(exception))
        {
            // It was closed or cut just before.
        }
    }

    /// <summary>False when the session is over.</summary>
    private ValueTask<bool> CountAsync()
    {
        if (signal == SessionSignal.None)
        {
            return cell.IsEnded ? new(false) : LooksAliveAsync();
        }

        metrics.SignalCounted("message");
        var isActivity = signal == SessionSignal.Activity;
        if (cell.TryTouch(engine.Store.Now, isActivity))
        {
            engine.Store.Touched(cell);
            return new(true);
        }

        return CountSlowlyAsync(isActivity ? Signal.Activity : Signal.Alive);
    }

    private async ValueTask<bool> LooksAliveAsync() => await engine.LookAndWaitInDoubtAsync(cell) != LookResult.Ended;

    private async ValueTask<bool> CountSlowlyAsync(Signal counted) => await LooksAliveAsync() && await engine.TryCountAsync(cell, counted);
}
