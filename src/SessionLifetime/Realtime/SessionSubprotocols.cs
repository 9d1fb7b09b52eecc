using Microsoft.Extensions.Primitives;

namespace SessionLifetime.Realtime;

/// <summary>The two WebSocket subprotocols of the browser module: <c>session-lifetime</c>, which it can be answered with, and one that carries the id.</summary>
internal static class SessionSubprotocols
{
    public const string Name = "session-lifetime";

    private const string Carrier = Name + ".";

    /// <summary>Whether any of ours is offered.</summary>
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

    /// <summary>Takes ours out of the offer.</summary>
    /// <param name="offered">The header as it came.</param>
    /// <param name="id">The id, or what stands in its place; null when none is offered. Two are none that is known.</param>
    /// <param name="others">What is left for the app.</param>
    /// <returns>Whether there was one of ours.</returns>
    public static bool TryTake(StringValues offered, out string? id, out StringValues others)
    {
        id = null;
        var isOurs = false;
        var kept = new List<string>();
        foreach (var one in offered.ToString().Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (one.StartsWith(Carrier, StringComparison.Ordinal))
            {
                id = id is null ? one[Carrier.Length..] : "";
                isOurs = true;
            }
            else if (string.Equals(one, Name, StringComparison.Ordinal))
            {
                isOurs = true;
            }
            else
            {
                kept.Add(one);
            }
        }

        others = kept.Count == 0 ? StringValues.Empty : new StringValues(string.Join(", ", kept));
        return isOurs;
    }
}
