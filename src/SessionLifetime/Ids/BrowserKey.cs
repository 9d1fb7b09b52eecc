using System.Buffers.Binary;
using System.Security.Cryptography;

namespace SessionLifetime.Ids;

/// <summary>
/// The secret of one browser, in a cookie no script can read: 128 random bits, 22 characters of base64url. A session bound to it is
/// useless to everybody else who got hold of its id. It is a secret as <see cref="SessionId"/> is one; logs and lists name the browser by
/// <see cref="ToId"/>.
/// </summary>
internal readonly record struct BrowserKey(ulong High, ulong Low)
{
    /// <summary>No key. Its text form is none either: a client that sends it has no key.</summary>
    public static readonly BrowserKey None;

    public bool IsNone => (High | Low) == 0;

    public static BrowserKey Create()
    {
        var (high, low) = Base64UrlIds.Random();
        return new(high, low);
    }

    public static bool TryParse(ReadOnlySpan<char> text, out BrowserKey key)
    {
        var isText = Base64UrlIds.TryParse(text, out var high, out var low);
        key = new(high, low);
        return isText && !key.IsNone;
    }

    /// <summary>What names the browser where the key may not be shown: 64 bits of its SHA-256, the same on every server.</summary>
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
