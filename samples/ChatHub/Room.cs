using System.Collections.Concurrent;

namespace ChatHub;

/// <summary>Who is in the room now.</summary>
public sealed class Room
{
    private readonly ConcurrentDictionary<string, Guest> _guests = new(StringComparer.Ordinal);

    /// <summary>As the page lists them.</summary>
    public IEnumerable<object> Guests => _guests.Values.OrderBy(guest => guest.Name, StringComparer.Ordinal).Select(guest => new { guest.Id, guest.Name });

    public bool Enter(Guest guest) => _guests.TryAdd(guest.Id, guest);

    public bool Leave(string session, out string name)
    {
        var wasHere = _guests.TryRemove(session, out var guest);
        name = guest?.Name ?? "";
        return wasHere;
    }
}
