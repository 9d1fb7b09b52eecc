using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>An event that waits to be delivered to the app's handlers, by one node.</summary>
/// <param name="SessionId">The public id of its session.</param>
/// <param name="Sequence">Its place among the events of that session: a later event has a higher one, and waits until the earlier ones are completed.</param>
/// <param name="Kind">What it is; opaque to the store.</param>
/// <param name="Payload">What it tells; opaque to the store.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record OutboxEvent(string SessionId, long Sequence, string Kind, ReadOnlyMemory<byte> Payload)
{
    /// <summary>How often it was taken by a node, this time included; 0 before the first time. The store counts it.</summary>
    public int Attempt { get; init; }
}
