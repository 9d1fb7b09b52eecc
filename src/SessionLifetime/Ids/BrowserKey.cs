using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SessionLifetime.Ids;

/// <summary>
/// The secret of one browser, in a cookie no script can read: 128 random bits, 22 characters of base64url. The id of a session
/// that is bound to it is useless without it. It is as secret as <see cref="SessionId"/>; logs and lists name the browser by
/// <see cref="ToId"/>.
/// </summary>
internal readonly record struct BrowserKey(ulong High, ulong Low)
{
    /// <summary>No key. A client that sends its text form has no key.</summary>
    public static readonly BrowserKey None;

    public bool IsNone => (High | Low) == 0;

    public static BrowserKey Create()
    {
        var (high, low) = RandomBits.Next128();
        return new(high, low);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out BrowserKey key)
    {
        var isText = Base64UrlIds.TryParse(text, out var high, out var low);
        key = new(high, low);
        return isText && !key.IsNone;
    }

    /// <summary>The log-safe id of the browser: 64 bits of the key's SHA-256, the same on every server.</summary>
    public BrowserId ToId()
    {
        Span<byte> bytes = stackalloc byte[16];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Low);
        SHA256.HashData(bytes, hash);
        return new(BinaryPrimitives.ReadUInt64BigEndian(hash));
    }

    /// <summary>The key itself, for the cookie.</summary>
    public string Reveal() => Base64UrlIds.Format(High, Low);

    public bool Equals(BrowserKey other) => ((High ^ other.High) | (Low ^ other.Low)) == 0;

    public override int GetHashCode() => HashCode.Combine(High, Low);

    public override string ToString() => "[browser key]";
}
