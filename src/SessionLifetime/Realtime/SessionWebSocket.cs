using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace SessionLifetime.Realtime;

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
/// <para>Receiving allocates nothing and takes no lock beyond what the socket below does; what is there already needs no state machine.</para>
/// </remarks>
internal sealed class SessionWebSocket(WebSocket inner, ISocketMessages messages) : WebSocket
{
    private string? _reason;

    public override WebSocketCloseStatus? CloseStatus => IsClosing ? CloseCodes.Ended : inner.CloseStatus;

    public override string? CloseStatusDescription => IsClosing ? _reason : inner.CloseStatusDescription;

    public override WebSocketState State => inner.State is WebSocketState.Aborted && IsClosing ? WebSocketState.Closed : inner.State;

    /// <summary>What the app and the client agreed on; nothing where only ours was left.</summary>
    public override string? SubProtocol =>
        string.Equals(inner.SubProtocol, SessionSubprotocols.Name, StringComparison.Ordinal) ? null : inner.SubProtocol;

    private bool IsClosing => Volatile.Read(ref _reason) is not null;

    /// <summary>The session has ended. Waits for nobody.</summary>
    public void Close(SessionEndReason reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason.ToString(), null) is null)
        {
            _ = CloseByUsAsync();
        }
    }

    /// <summary>The client has not answered.</summary>
    public void CutOff() => inner.Abort();

    public override void Abort()
    {
        inner.Abort();
        messages.Leave();
    }

    public override void Dispose()
    {
        inner.Dispose();
        messages.Leave();
    }

    public override ValueTask<ValueWebSocketReceiveResult> ReceiveAsync(Memory<byte> buffer, CancellationToken cancellationToken)
    {
        var receiving = inner.ReceiveAsync(buffer, cancellationToken);
        if (!receiving.IsCompletedSuccessfully)
        {
            return WaitAsync(receiving, buffer, cancellationToken);
        }

        var received = receiving.Result;
        return received.MessageType != WebSocketMessageType.Close && messages.TryCount() ? new(received) : ReceiveSlowlyAsync(received, buffer, cancellationToken);
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

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<ValueWebSocketReceiveResult> WaitAsync(
        ValueTask<ValueWebSocketReceiveResult> receiving,
        Memory<byte> buffer,
        CancellationToken cancellationToken)
    {
        try
        {
            var received = await receiving;
            return received.MessageType != WebSocketMessageType.Close && messages.TryCount() ? received : await ReceiveSlowlyAsync(received, buffer, cancellationToken);
        }
        catch (Exception exception) when (IsCut(exception, cancellationToken))
        {
            return Cut();
        }
    }

    /// <summary>A close, or a message on which something has to be looked at first: what is for nobody any more is passed over.</summary>
    private async ValueTask<ValueWebSocketReceiveResult> ReceiveSlowlyAsync(
        ValueWebSocketReceiveResult received,
        Memory<byte> buffer,
        CancellationToken cancellationToken)
    {
        try
        {
            while (received.MessageType != WebSocketMessageType.Close)
            {
                if (await messages.CountAsync())
                {
                    return received;
                }

                received = await inner.ReceiveAsync(buffer, cancellationToken);
            }
        }
        catch (Exception exception) when (IsCut(exception, cancellationToken))
        {
            return Cut();
        }

        messages.Leave();
        return received;
    }

    private bool IsCut(Exception exception, CancellationToken cancellationToken) =>
        IsClosing && IsOfClosing(exception) && !cancellationToken.IsCancellationRequested;

    /// <summary>The app is told a close although none came: the client did not answer ours.</summary>
    private ValueWebSocketReceiveResult Cut()
    {
        messages.Leave();
        return new(0, WebSocketMessageType.Close, endOfMessage: true);
    }
}
