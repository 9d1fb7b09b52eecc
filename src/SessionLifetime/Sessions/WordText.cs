using System.Buffers.Binary;
using System.Buffers.Text;

namespace SessionLifetime;

/// <summary>
/// How ids and keys look as text: base64url (RFC 4648, section 5) without padding, each value in exactly one spelling. Anything else
/// is none: white space, padding, other lengths, left-over bits in the last character.
/// </summary>
internal static class WordText
{
    /// <summary>The characters of 64 bits.</summary>
    public const int OneLength = 11;

    /// <summary>The characters of 128 bits.</summary>
    public const int TwoLength = 22;

    public static bool TryParse(ReadOnlySpan<char> text, out ulong word)
    {
        word = 0;

        // The last character carries four bits, ...
        Span<byte> bytes = stackalloc byte[9];
        if (text.Length != OneLength || text[^1] is not ('A' or 'E' or 'I' or 'M' or 'Q' or 'U' or 'Y' or 'c' or 'g' or 'k' or 'o' or 's' or 'w' or '0' or '4' or '8')
            || !TryDecode(text, bytes, expected: 8))
        {
            return false;
        }

        word = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        return true;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out ulong high, out ulong low)
    {
        (high, low) = (0, 0);

        // ... or two: with others set, one value would have many spellings.
        Span<byte> bytes = stackalloc byte[18];
        if (text.Length != TwoLength || text[^1] is not ('A' or 'Q' or 'g' or 'w') || !TryDecode(text, bytes, expected: 16))
        {
            return false;
        }

        high = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        low = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        return true;
    }

    public static string Format(ulong word)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, word);
        return Base64Url.EncodeToString(bytes);
    }

    public static string Format(ulong high, ulong low)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        return Base64Url.EncodeToString(bytes);
    }

    private static bool TryDecode(ReadOnlySpan<char> text, Span<byte> bytes, int expected)
    {
        foreach (var c in text)
        {
            // The decoder skips white space; an id holds none.
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        return Base64Url.TryDecodeFromChars(text, bytes, out var written) && written == expected;
    }
}
