using Microsoft.AspNetCore.SignalR;

namespace SessionLifetime.Realtime;

/// <summary>The app's own user ids. The framework asks for one when it has received a connection's handshake: the only call that gives the hub's connection then.</summary>
internal sealed class HubUserIds(IUserIdProvider inner) : IUserIdProvider
{
    public string? GetUserId(HubConnectionContext connection)
    {
        SessionHubConnection.Current?.OnHandshake(connection);
        return inner.GetUserId(connection);
    }
}
