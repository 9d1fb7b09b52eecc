using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;

namespace SessionLifetime;

/// <summary>The log-safe face of a session: 64 random bits made with it, unrelated to its secret; they name it and open nothing.</summary>
internal readonly record struct PublicId(ulong Value)
{
    /// <summary>The length of the text form, in characters.</summary>
    public const int TextLength = 11;

    public static PublicId Create()
    {
        Span<byte> bytes = stackalloc byte[8];
        RandomNumberGenerator.Fill(bytes);
        return new(BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }

    public static bool TryParse(ReadOnlySpan<char> text, out PublicId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[9];
        if (text.Length != TextLength
            || text.ContainsAny(" \t\r\n")
            || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, bytes, out var written)
            || written != 8)
        {
            return false;
        }

        id = new(BinaryPrimitives.ReadUInt64BigEndian(bytes));
        return true;
    }

    public override int GetHashCode() => (int)(Value ^ (Value >> 32));

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, Value);
        return Base64Url.EncodeToString(bytes);
    }
}
