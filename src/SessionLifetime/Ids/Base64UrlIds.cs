using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SessionLifetime.Ids;

/// <summary>
/// The text form of ids and keys: base64url (RFC 4648, section 5) without padding, one spelling for each value. Everything else is rejected: white
/// space, padding, other lengths, unused bits that are set in the last character.
/// </summary>
internal static class Base64UrlIds
{
    /// <summary>The characters of 64 bits.</summary>
    public const int OneLength = 11;

    /// <summary>The characters of 128 bits.</summary>
    public const int TwoLength = 22;

    /// <summary>Marks a character that is not a digit: a bit that no digit has.</summary>
    private const byte None = 0x80;

    private const uint Ascii = 0x7f;

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

    public static bool TryParse(ReadOnlySpan<char> text, out ulong word)
    {
        word = 0;
        if (text.Length != OneLength)
        {
            return false;
        }

        // Ten digits of six bits, and four bits of the last; its two other bits must be zero, or one value would have several spellings.
        var (seen, wrong) = (0U, 0U);
        ref var first = ref MemoryMarshal.GetReference(text);
        var bits = (Four(ref first, 0, ref seen, ref wrong) << 36) | (Four(ref first, 4, ref seen, ref wrong) << 12) | Two(ref first, 8, ref seen, ref wrong);
        var last = One(ref first, 10, ref seen, ref wrong);
        if (((wrong & None) | (seen & ~Ascii) | (last & 0b11)) != 0)
        {
            return false;
        }

        word = (bits << 4) | (last >> 2);
        return true;
    }

    public static bool TryParse(ReadOnlySpan<char> text, out ulong high, out ulong low)
    {
        (high, low) = (0, 0);
        if (text.Length != TwoLength)
        {
            return false;
        }

        // Read as three overlapping vectors of eight characters. 128 bits are 21 digits and two bits of the last; its four other bits must be zero, or
        // one value would have several spellings.
        ref var start = ref Unsafe.As<char, ushort>(ref MemoryMarshal.GetReference(text));
        var (first, second, third) = (
            Vector128.LoadUnsafe(ref start),
            Vector128.LoadUnsafe(ref start, 8),
            Vector128.LoadUnsafe(ref start, TwoLength - 8));
        var isText = ((first | second | third) & Vector128.Create((ushort)0xff80)) == Vector128<ushort>.Zero;
        var (front, isFront) = DigitsOf(Vector128.Narrow(first, second).AsSByte());
        var (back, isBack) = DigitsOf(Vector128.Narrow(third, third).AsSByte());
        var (head, middle, tail) = (Bits(front.AsUInt64()[0]), Bits(front.AsUInt64()[1]), Bits(back.AsUInt64()[0]));
        if (!isText | ((isFront & isBack) != Vector128<sbyte>.AllBitsSet) | ((tail & 0b1111) != 0))
        {
            return false;
        }

        high = (head << 16) | (middle >> 32);
        low = (middle << 32) | ((tail >> 4) & uint.MaxValue);
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

    /// <summary>
    /// The digits of sixteen ASCII characters, and which characters are digits. All characters are read before a wrong one is reported, so the time
    /// it takes does not depend on which one is wrong.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Vector128<sbyte> Digits, Vector128<sbyte> Are) DigitsOf(Vector128<sbyte> text)
    {
        var upper = Within(text, 'A', 'Z');
        var lower = Within(text, 'a', 'z');
        var decimals = Within(text, '0', '9');
        var dash = Vector128.Equals(text, Vector128.Create((sbyte)'-'));
        var underscore = Vector128.Equals(text, Vector128.Create((sbyte)'_'));
        var shift = (upper & Vector128.Create((sbyte)-'A'))
            | (lower & Vector128.Create((sbyte)(26 - 'a')))
            | (decimals & Vector128.Create((sbyte)(52 - '0')))
            | (dash & Vector128.Create((sbyte)(62 - '-')))
            | (underscore & Vector128.Create((sbyte)(63 - '_')));
        return (text + shift, upper | lower | decimals | dash | underscore);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Within(Vector128<sbyte> text, char first, char last) =>
        Vector128.GreaterThan(text, Vector128.Create((sbyte)(first - 1))) & Vector128.LessThan(text, Vector128.Create((sbyte)(last + 1)));

    /// <summary>The 48 bits of eight digits: pairs become 12 bits, those 24, and those 48.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Bits(ulong digits)
    {
        var x = BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(digits) : digits;
        x = ((x & 0x3f003f003f003f00) >> 2) | (x & 0x003f003f003f003f);
        x = ((x & 0x0fff00000fff0000) >> 4) | (x & 0x00000fff00000fff);
        return ((x & 0x00ffffff00000000) >> 8) | (x & 0x0000000000ffffff);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Four(ref char start, int index, ref uint seen, ref uint wrong) =>
        (Two(ref start, index, ref seen, ref wrong) << 12) | Two(ref start, index + 2, ref seen, ref wrong);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Two(ref char start, int index, ref uint seen, ref uint wrong) =>
        (One(ref start, index, ref seen, ref wrong) << 6) | One(ref start, index + 1, ref seen, ref wrong);

    /// <summary>
    /// One digit. All characters are read before a wrong one is reported, so the time it takes does not depend on which one is wrong. Digits depend on
    /// each other as little as possible, so that the processor reads several at once.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint One(ref char start, int index, ref uint seen, ref uint wrong)
    {
        uint c = Unsafe.Add(ref start, index);
        uint digit = Unsafe.Add(ref MemoryMarshal.GetReference(Digits), (nint)(c & Ascii));
        seen |= c;
        wrong |= digit;
        return digit;
    }
}
