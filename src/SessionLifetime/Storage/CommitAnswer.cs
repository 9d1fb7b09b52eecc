using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>What a store answers to a commit.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Current">The record as it is now, written or not; null when the store has none.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record CommitAnswer(CommitStatus Status, SessionRecord? Current);
