using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>One stamp that moved in a node's memory.</summary>
/// <param name="Age">How long ago that was, by the node's running time.</param>
/// <param name="At">The moment in service time, where the node knew it; otherwise null.</param>
/// <remarks>The store places it at the earlier of <c>service time - Age</c> and <c>At</c>. So a node whose clock is wrong does no harm.</remarks>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct StampTouch(TimeSpan Age, TimeSpan? At);
