using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A node starts. It counts as a heartbeat, and the node's watermark is the service time of its start.</summary>
/// <param name="Node">The node: one run of one process, under a name of its own (1 to 64 characters of <c>[A-Za-z0-9_-]</c>).</param>
/// <param name="Lead">For how long service time goes on without another heartbeat of any node.</param>
/// <param name="LiveFor">For how long, in service time, the node counts as live without another heartbeat.</param>
/// <param name="Settings">The settings that are in force in the cluster from now on; opaque to the store.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record NodeStart(string Node, TimeSpan Lead, TimeSpan LiveFor, ReadOnlyMemory<byte> Settings);
