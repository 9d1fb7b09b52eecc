namespace SessionLifetime.Storage;

/// <summary>A secret that leads to a session, as a store may know it.</summary>
/// <param name="Hash">SHA-256 of it, base64url, 43 characters.</param>
/// <param name="Until">When it stops working; null for one that works until it is replaced.</param>
internal sealed record SecretRecord(string Hash, TimeSpan? Until);
