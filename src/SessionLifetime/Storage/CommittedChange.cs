using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>News of a session: it was committed, or the last of its waiting events was delivered.</summary>
/// <param name="Id">The public id.</param>
/// <param name="Version">Its version.</param>
/// <param name="IsEnded">Whether it has ended.</param>
/// <param name="IsTold">Whether none of its events waits any more.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct CommittedChange(string Id, long Version, bool IsEnded, bool IsTold);
