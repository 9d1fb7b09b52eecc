using Microsoft.AspNetCore.SignalR;
using SessionLifetime;

namespace ChatHub;

/// <summary>Tells the room who left and why, and whispers to who has been quiet.</summary>
public sealed class RoomKeeper(Room room, IHubContext<RoomHub> hub) : SessionLifetimeHandler
{
    public override async ValueTask OnSessionTimeoutAsync(SessionTimeoutContext context, CancellationToken cancellationToken) =>
        await hub.Clients.TabSession(context.Session.Id).SendAsync("note", "You have been quiet for a while.", cancellationToken);

    public override async ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken)
    {
        if (room.Leave(context.Session.Id, out var name))
        {
            await hub.Clients.All.SendAsync("note", $"{name} left: {context.Reason}.", cancellationToken);
            await hub.Clients.All.SendAsync("guests", room.Guests, cancellationToken);
        }
    }
}
