using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace SessionLifetime;

/// <summary>
/// The bearer secret of a session: 128 bits from the system's CSPRNG (OWASP asks for at least 64 bits of entropy), on the wire
/// 22 characters of base64url. Never written to a log, a metric, a trace, a URL or an exception: only <see cref="Reveal"/> shows it,
/// and only answers meant for the browser that owns it call that.
/// </summary>
internal readonly record struct SessionId(ulong High, ulong Low)
{
    /// <summary>The length of the text form, in characters.</summary>
    public const int TextLength = 22;

    public static SessionId Create()
    {
        Span<byte> bytes = stackalloc byte[16];
        RandomNumberGenerator.Fill(bytes);
        return FromBytes(bytes);
    }

    /// <summary>Reads the text form; anything but exactly 22 canonical base64url characters is no id.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SessionId id)
    {
        id = default;

        // The last character carries two bits; with others set, one id would have sixteen spellings.
        if (text.Length != TextLength || text[^1] is not ('A' or 'Q' or 'g' or 'w'))
        {
            return false;
        }

        Span<byte> bytes = stackalloc byte[18];
        foreach (var c in text)
        {
            // The decoder below skips white space; an id holds none.
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
            {
                return false;
            }
        }

        if (!Base64Url.TryDecodeFromChars(text, bytes, out var written) || written != 16)
        {
            return false;
        }

        id = FromBytes(bytes[..16]);
        return true;
    }

    /// <summary>The secret itself, for the one answer that hands it to its browser.</summary>
    public string Reveal()
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        return Base64Url.EncodeToString(bytes);
    }

    public override int GetHashCode() => (int)(Low ^ (Low >> 32));

    public override string ToString() => "[session secret]";

    private static SessionId FromBytes(ReadOnlySpan<byte> bytes)
    {
        var words = MemoryMarshal.Cast<byte, ulong>(bytes);
        return BitConverter.IsLittleEndian
            ? new(BinaryPrimitives.ReverseEndianness(words[0]), BinaryPrimitives.ReverseEndianness(words[1]))
            : new(words[0], words[1]);
    }
}
