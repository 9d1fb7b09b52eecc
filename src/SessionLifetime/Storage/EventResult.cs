using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A node is done with an event.</summary>
/// <param name="SessionId">The public id of its session.</param>
/// <param name="Sequence">Its place among the events of that session.</param>
/// <param name="Attempt">The attempt that is over; where the event was taken again meanwhile, nothing happens.</param>
/// <param name="IsDelivered">True when the handlers have run; false gives it back, to be taken by any node.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct EventResult(string SessionId, long Sequence, int Attempt, bool IsDelivered);
