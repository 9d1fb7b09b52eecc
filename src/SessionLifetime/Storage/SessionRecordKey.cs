using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>By what a session is read: the hash of one of its secrets, or its public id. Exactly one of them is set.</summary>
/// <param name="SecretHash">SHA-256 of a secret, base64url, 43 characters; or null.</param>
/// <param name="Id">The public id, 11 characters; or null.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct SessionRecordKey(string? SecretHash, string? Id)
{
    /// <summary>The session to which a secret leads.</summary>
    /// <param name="hash">SHA-256 of the secret, base64url.</param>
    /// <returns>The key.</returns>
    public static SessionRecordKey OfSecret(string hash) => new(hash, null);

    /// <summary>The session with a public id.</summary>
    /// <param name="id">The public id.</param>
    /// <returns>The key.</returns>
    public static SessionRecordKey OfId(string id) => new(null, id);
}
