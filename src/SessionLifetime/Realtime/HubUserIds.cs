using Microsoft.AspNetCore.SignalR;

namespace SessionLifetime.Realtime;

/// <summary>The app's own user ids; it is asked for one when a connection's handshake has come, and only there is that connection shown.</summary>
internal sealed class HubUserIds(IUserIdProvider inner) : IUserIdProvider
{
    public string? GetUserId(HubConnectionContext connection)
    {
        SessionHubConnection.Current?.Meet(connection);
        return inner.GetUserId(connection);
    }
}
