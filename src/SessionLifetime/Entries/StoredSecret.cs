using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>A secret of which a backing store has the hash.</summary>
/// <param name="Hash">SHA-256 of it.</param>
/// <param name="Until">When it stops working.</param>
/// <param name="Newer">The newest secret, encrypted by this one; null where this is the newest.</param>
/// <param name="IsPending">Whether it was handed out and not used yet.</param>
internal sealed record StoredSecret(string Hash, Moment Until, string? Newer, bool IsPending);
