using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>Asks for events to deliver.</summary>
/// <param name="Node">The node. An event belongs to the node that took it, until it is completed, given back, or that node is not live any more.</param>
/// <param name="Most">The most events to give.</param>
/// <param name="IncludeTaken">Whether those the node has taken already are given again: after an answer that did not arrive.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct EventTake(string Node, int Most, bool IncludeTaken)
{
    /// <summary>
    /// The kinds of events that the node delivers: of those that are nobody's (given back, or of a node that is not live) it takes no others. What is addressed to the
    /// node it is given whatever its kind.
    /// </summary>
    /// <value>Null, the default: all kinds.</value>
    public IReadOnlyCollection<string>? Kinds { get; init; }
}
