using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>What became of one <see cref="SessionTouch"/>.</summary>
/// <param name="Version">The session's version; 0 where the store has no such session.</param>
/// <param name="Stamps">The stamps as they are now.</param>
/// <param name="Moved">The whole record where the session has another version than the touch expected, or has ended; otherwise null.</param>
[Experimental(StorageDiagnostics.Id)]
public sealed record TouchResult(long Version, SessionStamps Stamps, SessionRecord? Moved);
