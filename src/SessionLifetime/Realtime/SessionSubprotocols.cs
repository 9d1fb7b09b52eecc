using Microsoft.Extensions.Primitives;

namespace SessionLifetime.Realtime;

/// <summary>The two WebSocket subprotocols of the browser module: <c>session-lifetime</c>, with which the server answers, and one that carries the id.</summary>
internal static class SessionSubprotocols
{
    public const string Name = "session-lifetime";

    private const string Carrier = Name + ".";

    /// <summary>Whether one of the two may be among those that are offered.</summary>
    public static bool AreOffered(StringValues offered)
    {
        foreach (var line in offered)
        {
            if (line is not null && line.Contains(Name, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Removes the two from the offer.</summary>
    /// <param name="offered">The header as it came.</param>
    /// <param name="id">The id as it was sent; null where none is offered, empty where several are.</param>
    /// <param name="others">What is left for the app.</param>
    /// <returns>Whether one of the two was offered.</returns>
    public static bool TryTake(StringValues offered, out string? id, out StringValues others)
    {
        id = null;
        var isFound = false;
        var kept = new List<string>();
        foreach (var one in offered.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (one.StartsWith(Carrier, StringComparison.Ordinal))
            {
                id = id is null ? one[Carrier.Length..] : "";
                isFound = true;
            }
            else if (string.Equals(one, Name, StringComparison.Ordinal))
            {
                isFound = true;
            }
            else
            {
                kept.Add(one);
            }
        }

        others = kept.Count == 0 ? StringValues.Empty : new StringValues(string.Join(", ", kept));
        return isFound;
    }
}
