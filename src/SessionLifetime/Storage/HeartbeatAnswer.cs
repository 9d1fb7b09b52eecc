using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>What a store answers to a heartbeat.</summary>
/// <param name="Now">The store's clocks, after the heartbeat was accepted.</param>
/// <param name="Nodes">All nodes that are live, the asking one included.</param>
/// <param name="Changes">Commits since the cursor, in any order; a commit may come again.</param>
/// <param name="Cursor">The cursor for the next heartbeat. Lower than the last one only where the store was restored.</param>
/// <param name="Sessions">How many sessions live.</param>
/// <param name="Settings">The settings in force: those of the node that started last.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record HeartbeatAnswer(
    StoreTime Now,
    IReadOnlyList<LiveNode> Nodes,
    IReadOnlyList<CommittedChange> Changes,
    long Cursor,
    long Sessions,
    ReadOnlyMemory<byte> Settings);
