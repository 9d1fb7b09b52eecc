using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>Writes or removes one value.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Data">The value; null removes it.</param>
/// <param name="ExpectedVersion">The version it must have (0: must not be there); null writes over whatever is there.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record ValueChange(string Key, byte[]? Data, long? ExpectedVersion = null);
