using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

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

    /// <summary>What is no digit: a bit that no digit has.</summary>
    private const byte None = 0x80;

    /// <summary>The digit of each ASCII character.</summary>
    private static ReadOnlySpan<byte> Digits =>
    [
        None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
        None, None, None, None, None, None, None, None, None, None, None, None, None, None, None, None,
        None, None, None, None, None, None, None, None, None, None, None, None, None, 62, None, None,
        52, 53, 54, 55, 56, 57, 58, 59, 60, 61, None, None, None, None, None, None,
        None, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
        15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, None, None, None, None, 63,
        None, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, None, None, None, None, None,
    ];

    /// <summary>128 bits nobody can guess, from the system's generator.</summary>
    public static (ulong High, ulong Low) Random()
    {
        Span<ulong> words = stackalloc ulong[2];
        RandomNumberGenerator.Fill(MemoryMarshal.AsBytes(words));
        return (words[0], words[1]);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out ulong word)
    {
        word = 0;
        var wrong = 0;
        if (text.Length != OneLength)
        {
            return false;
        }

        // Ten digits of six bits, and four bits of the last: with its others set, one value would have many spellings.
        var bits = Read(text[..10], ref wrong);
        var last = Digit(text[10], ref wrong);
        if (((wrong & None) | ((int)last & 0b11)) != 0)
        {
            return false;
        }

        word = (bits << 4) | (last >> 2);
        return true;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out ulong high, out ulong low)
    {
        (high, low) = (0, 0);
        var wrong = 0;
        if (text.Length != TwoLength)
        {
            return false;
        }

        // Of the digit in the middle four bits belong to the one half and two to the other; of the last two.
        var first = Read(text[..10], ref wrong);
        var middle = Digit(text[10], ref wrong);
        var second = Read(text[11..21], ref wrong);
        var last = Digit(text[21], ref wrong);
        if (((wrong & None) | ((int)last & 0b1111)) != 0)
        {
            return false;
        }

        high = (first << 4) | (middle >> 2);
        low = (middle << 62) | (second << 2) | (last >> 4);
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

    private static ulong Read(ReadOnlySpan<char> text, ref int wrong)
    {
        var bits = 0UL;
        foreach (var c in text)
        {
            bits = (bits << 6) | Digit(c, ref wrong);
        }

        return bits;
    }

    /// <summary>Every character is read, and only then is it said whether one was wrong: how long that takes tells nothing of which.</summary>
    private static ulong Digit(char c, ref int wrong)
    {
        var digit = Digits[c & 0x7f];
        wrong |= digit | (c > 0x7f ? None : 0);
        return digit & 0x3fUL;
    }
}
