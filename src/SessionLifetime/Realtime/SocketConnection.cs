namespace SessionLifetime;

/// <summary>A WebSocket of the app among the connections of its session.</summary>
internal sealed class SocketConnection(SessionWebSocket socket) : SessionConnection
{
    public override void Close(SessionEndReason reason) => socket.Close(reason);

    public override void Abort() => socket.CutOff();
}
