using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>A secret of which a backing store has the hash.</summary>
/// <param name="Hash">SHA-256 of it.</param>
/// <param name="Until">When it stops working.</param>
/// <param name="Salt">What the next secret is made of together with this one, base64url; null where there is no next one.</param>
internal sealed record StoredSecret(string Hash, Moment Until, string? Salt);
