using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A node lives.</summary>
/// <param name="Node">The node.</param>
/// <param name="Watermark">Every touch that the node accepted before this service time is in the store. It never goes back.</param>
/// <param name="Lead">For how long service time goes on without another heartbeat of any node.</param>
/// <param name="LiveFor">For how long, in service time, the node counts as live without another heartbeat.</param>
/// <param name="Cursor">Up to where the node has read news of commits.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record NodeHeartbeat(string Node, TimeSpan Watermark, TimeSpan Lead, TimeSpan LiveFor, long Cursor);
