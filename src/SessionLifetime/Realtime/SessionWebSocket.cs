using System.Net.WebSockets;
using System.Runtime.CompilerServices;

namespace SessionLifetime.Realtime;

/// <summary>
/// A WebSocket of a session as the app sees it: each message received counts for the session, and when that ends the app receives a close
/// message with code 4408 and the reason, as if the client had sent it.
/// </summary>
/// <remarks>
/// <para>
/// Life: accepted; used by the app; closed by the app, by the client, or by the end of the session. At the end of the session a close message is sent
/// beside what the app is sending (the inner socket serializes frames), and the app's pending receive continues until the client answers, or until
/// the closer's timeout, when the connection is aborted. Either way the receive returns a close.
/// </para>
/// <para>
/// The app never receives a message of a session that has ended, also while the exit handlers run and the socket is not closed yet: the receive
/// continues and waits for the close.
/// </para>
/// <para>Receiving allocates nothing and takes no lock beyond what the inner socket does; a message that has arrived already needs no state machine.</para>
/// </remarks>
internal sealed class SessionWebSocket(WebSocket inner, ISocketMessages messages) : WebSocket
{
    /// <summary>Why it is closed where the session goes on.</summary>
    private const string ServerStops = "The server stops.";

    private string? _reason;

    public override WebSocketCloseStatus? CloseStatus => IsClosing ? ClosingStatus : inner.CloseStatus;

    public override string? CloseStatusDescription => IsClosing ? _reason : inner.CloseStatusDescription;

    public override WebSocketState State => inner.State is WebSocketState.Aborted && IsClosing ? WebSocketState.Closed : inner.State;

    /// <summary>The subprotocol the app selected; null where the answer names the library's only.</summary>
    public override string? SubProtocol =>
        string.Equals(inner.SubProtocol, SessionSubprotocols.Name, StringComparison.Ordinal) ? null : inner.SubProtocol;

    private bool IsClosing => Volatile.Read(ref _reason) is not null;

    private WebSocketCloseStatus ClosingStatus => ReferenceEquals(_reason, ServerStops) ? CloseCodes.ServerStops : CloseCodes.Ended;

    /// <summary>Starts closing the socket because the session has ended, or the server stops. Does not wait.</summary>
    /// <param name="reason">Why the session ended; null where the server stops.</param>
    public void Close(SessionEndReason? reason)
    {
        if (Interlocked.CompareExchange(ref _reason, reason?.ToString() ?? ServerStops, null) is null)
        {
            _ = SendCloseAsync();
        }
    }

    /// <summary>Aborts the connection: the client has not answered the close.</summary>
    public void AbortConnection() => inner.Abort();

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
        return receiving.IsCompletedSuccessfully ? Count(receiving.Result, buffer, cancellationToken) : WaitAsync(receiving, buffer, cancellationToken);
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

    /// <summary>Does nothing where the close message of the session's end has been sent.</summary>
    public override Task CloseAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        IsClosing ? Task.CompletedTask : inner.CloseAsync(closeStatus, statusDescription, cancellationToken);

    public override Task CloseOutputAsync(WebSocketCloseStatus closeStatus, string? statusDescription, CancellationToken cancellationToken) =>
        IsClosing ? Task.CompletedTask : inner.CloseOutputAsync(closeStatus, statusDescription, cancellationToken);

    private static bool IsOfClosing(Exception exception) =>
        exception is WebSocketException or OperationCanceledException or ObjectDisposedException or IOException;

    private async Task SendCloseAsync()
    {
        try
        {
            if (inner.State is WebSocketState.Open or WebSocketState.CloseReceived)
            {
                await inner.CloseOutputAsync(ClosingStatus, _reason, CancellationToken.None);
            }
        }
        catch (Exception exception) when (IsOfClosing(exception))
        {
            // It was closed or aborted meanwhile.
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
            return await Count(await receiving, buffer, cancellationToken);
        }
        catch (Exception exception) when (IsAbortOfClosing(exception, cancellationToken))
        {
            return Closed();
        }
    }

    /// <summary>Counts a message and returns it; without a state machine where it is counted at once.</summary>
    private ValueTask<ValueWebSocketReceiveResult> Count(ValueWebSocketReceiveResult received, Memory<byte> buffer, CancellationToken cancellationToken)
    {
        if (received.MessageType == WebSocketMessageType.Close)
        {
            messages.Leave();
            return new(received);
        }

        var counting = messages.CountAsync();
        if (!counting.IsCompletedSuccessfully)
        {
            return DropUnlessCountedAsync(received, counting, buffer, cancellationToken);
        }

        return counting.Result ? new(received) : DropUnlessCountedAsync(received, new(false), buffer, cancellationToken);
    }

    /// <summary>Drops messages of a session that has ended, and waits for the close.</summary>
    private async ValueTask<ValueWebSocketReceiveResult> DropUnlessCountedAsync(
        ValueWebSocketReceiveResult received,
        ValueTask<bool> counting,
        Memory<byte> buffer,
        CancellationToken cancellationToken)
    {
        try
        {
            while (!await counting)
            {
                received = await inner.ReceiveAsync(buffer, cancellationToken);
                if (received.MessageType == WebSocketMessageType.Close)
                {
                    messages.Leave();
                    break;
                }

                counting = messages.CountAsync();
            }

            return received;
        }
        catch (Exception exception) when (IsAbortOfClosing(exception, cancellationToken))
        {
            return Closed();
        }
    }

    private bool IsAbortOfClosing(Exception exception, CancellationToken cancellationToken) =>
        IsClosing && IsOfClosing(exception) && !cancellationToken.IsCancellationRequested;

    /// <summary>Returns a close to the app although the client sent none: it did not answer in time.</summary>
    private ValueWebSocketReceiveResult Closed()
    {
        messages.Leave();
        return new(0, WebSocketMessageType.Close, endOfMessage: true);
    }
}
