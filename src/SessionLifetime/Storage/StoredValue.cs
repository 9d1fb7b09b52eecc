using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A value of a session's state.</summary>
/// <param name="Key">Its key.</param>
/// <param name="Version">Raised by every write of this key, by one; 0 where there is none.</param>
/// <param name="Data">The value; null where there is none.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record StoredValue(string Key, long Version, byte[]? Data);
