using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>News that arrives when it happens, for speed only.</summary>
/// <param name="Change">What changed; null where the nodes are asked to send a heartbeat at once.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct SessionNotice(CommittedChange? Change);
