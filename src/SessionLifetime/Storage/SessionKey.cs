namespace SessionLifetime.Storage;

/// <summary>By what a session is read: the hash of one of its secrets, or its public id. Exactly one of them is set.</summary>
/// <param name="SecretHash">SHA-256 of a secret, base64url; or null.</param>
/// <param name="Id">The public id; or null.</param>
internal readonly record struct SessionKey(string? SecretHash, string? Id)
{
    public static SessionKey OfSecret(string hash) => new(hash, null);

    public static SessionKey OfId(string id) => new(null, id);
}
