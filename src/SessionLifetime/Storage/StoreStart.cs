using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>What a store tells a node that starts.</summary>
/// <param name="Now">The store's clocks.</param>
/// <param name="Cursor">Where the node reads news of commits from.</param>
/// <param name="Warnings">What an operator should know, in whole sentences: for example that the store may lose what it was told. Usually empty.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record StoreStart(StoreTime Now, long Cursor, IReadOnlyList<string> Warnings);
