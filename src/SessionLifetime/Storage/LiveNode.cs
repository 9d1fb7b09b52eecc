using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A node that is live: its last heartbeat is younger than its <see cref="NodeHeartbeat.LiveFor"/>, in service time.</summary>
/// <param name="Node">The node.</param>
/// <param name="Watermark">What it has told.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record LiveNode(string Node, TimeSpan Watermark);
