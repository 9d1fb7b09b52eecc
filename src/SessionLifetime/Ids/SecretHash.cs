using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace SessionLifetime.Ids;

/// <summary>SHA-256 of secrets, for stores that must not contain them: 43 characters of base64url.</summary>
internal static class SecretHash
{
    public static string Of(SessionId secret) => Of(secret.High, secret.Low);

    public static string Of(BrowserKey key) => Of(key.High, key.Low);

    private static string Of(ulong high, ulong low)
    {
        Span<byte> bytes = stackalloc byte[16];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        SHA256.HashData(bytes, hash);
        return Base64Url.EncodeToString(hash);
    }
}
