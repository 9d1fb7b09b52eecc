using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>Asks for events to deliver.</summary>
/// <param name="Node">The node. An event belongs to the node that took it, until it is completed, given back, or that node is not live any more.</param>
/// <param name="Most">The most events to give.</param>
/// <param name="IncludeTaken">Whether those the node has taken already are given again: after an answer that did not arrive.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct EventTake(string Node, int Most, bool IncludeTaken);
