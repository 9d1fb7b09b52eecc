using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>Asks for living sessions of which a rule may be due by the store's clocks: <see cref="SessionRecord.DueAt"/> by service time, or
/// <see cref="SessionRecord.AbsoluteAt"/> by the store's time.</summary>
/// <param name="Most">The most records to give.</param>
/// <param name="Hold">For how long, in service time, those that are given are not given again; a later touch or commit may move that.</param>
/// <param name="Overdue">For how long the rule must have been due: a node knows the sessions that it serves, and decides them sooner.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct DueRequest(int Most, TimeSpan Hold, TimeSpan Overdue = default);
