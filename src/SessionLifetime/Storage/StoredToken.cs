using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>A token that works once.</summary>
/// <param name="Hash">SHA-256 of it, with what it is for, base64url.</param>
/// <param name="SessionId">The public id of its session.</param>
/// <param name="ExpiresAt">The service time from which it does not work.</param>
/// <param name="Data">What it grants; opaque to the store.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record StoredToken(string Hash, string SessionId, TimeSpan ExpiresAt, ReadOnlyMemory<byte> Data);
