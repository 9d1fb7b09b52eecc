using System.Globalization;

namespace SessionLifetime.Soak.Nodes;

/// <summary>What a node's handler writes of an event.</summary>
/// <param name="At">When, by <see cref="Clock"/>.</param>
/// <param name="Node">The run of the node.</param>
/// <param name="Session">The public id.</param>
/// <param name="Event">Which event.</param>
/// <param name="Detail">The reason, or the occurrence.</param>
/// <param name="Attempt">The attempt of its delivery.</param>
internal sealed record EventLine(double At, string Node, string Session, string Event, string Detail, int Attempt)
{
    public const string Timeout = "SessionTimeout";

    public const string Exit = "ApplicationExit";

    /// <summary>The node's store does not answer it.</summary>
    public const string StoreAway = "StoreAway";

    /// <summary>It does again.</summary>
    public const string StoreBack = "StoreBack";

    public static EventLine Parse(string line)
    {
        var parts = line.Split(' ');
        return new(
            double.Parse(parts[0], CultureInfo.InvariantCulture), parts[1], parts[2], parts[3], parts[4], int.Parse(parts[5], CultureInfo.InvariantCulture));
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{At:F6} {Node} {Session} {Event} {Detail} {Attempt}");
}
