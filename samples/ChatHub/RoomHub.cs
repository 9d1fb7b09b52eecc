using Microsoft.AspNetCore.SignalR;
using SessionLifetime;

namespace ChatHub;

/// <summary>The room. Each call of a method is an activity of the session; that a connection is open is none.</summary>
public sealed class RoomHub(Guest guest, Room room, ISessionLifetime sessions) : Hub
{
    public override async Task OnConnectedAsync()
    {
        if (room.Enter(guest))
        {
            await Clients.All.SendAsync("note", $"{guest.Name} came in.");
        }

        await Clients.Caller.SendAsync("you", guest.Id, guest.Name);
        await Clients.All.SendAsync("guests", room.Guests);
    }

    public Task Say(string text) => Clients.All.SendAsync("said", guest.Id, guest.Name, text.Length > 500 ? text[..500] : text);

    /// <summary>Ends another guest's session: all its connections close, and its page says why.</summary>
    public async Task ShowOut(string session) => await sessions.EndAsync(session);
}
