using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace SessionLifetime.Ids;

/// <summary>
/// Lets whoever shows a former secret of a session find the newest one: the newest is kept encrypted by the former, so that neither a copy of the store nor
/// a secret alone opens anything.
/// </summary>
/// <remarks>16 random bytes, and the newest secret combined (exclusive or) with HMAC-SHA256 of them under the former one.</remarks>
internal static class NewerSecret
{
    private const int Size = 16;

    /// <summary>Encrypts the newest secret by a former one.</summary>
    public static string Seal(SessionId former, SessionId newest)
    {
        Span<byte> box = stackalloc byte[2 * Size];
        RandomNumberGenerator.Fill(box[..Size]);
        Write(newest, box[Size..]);
        Combine(former, box);
        return Base64Url.EncodeToString(box);
    }

    /// <summary>The newest secret; null where the text is none.</summary>
    public static SessionId? Open(SessionId former, string text)
    {
        Span<byte> box = stackalloc byte[2 * Size];
        if (!Base64Url.TryDecodeFromChars(text, box, out var written) || written != box.Length)
        {
            return null;
        }

        Combine(former, box);
        return new(BinaryPrimitives.ReadUInt64BigEndian(box[Size..]), BinaryPrimitives.ReadUInt64BigEndian(box[(Size + 8)..]));
    }

    private static void Combine(SessionId former, Span<byte> box)
    {
        Span<byte> key = stackalloc byte[Size];
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Write(former, key);
        HMACSHA256.HashData(key, box[..Size], hash);
        for (var index = 0; index < Size; index++)
        {
            box[Size + index] ^= hash[index];
        }
    }

    private static void Write(SessionId secret, Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, secret.High);
        BinaryPrimitives.WriteUInt64BigEndian(to[8..], secret.Low);
    }
}
