namespace SessionLifetime.Ids;

/// <summary>
/// The bearer secret of a session: 128 bits from the system's CSPRNG (OWASP ASVS 5, 7.2.3), on the wire 22 characters of base64url.
/// Never written to a log, a metric, a trace, a URL or an exception: only <see cref="Reveal"/> returns it, and only answers to its browser call
/// that.
/// </summary>
/// <remarks>Compared in constant time.</remarks>
internal readonly record struct SessionId(ulong High, ulong Low)
{
    /// <summary>The length of the text form, in characters.</summary>
    public const int TextLength = Base64UrlIds.TwoLength;

    public static SessionId Create()
    {
        var (high, low) = RandomBits.Next128();
        return new(high, low);
    }

    /// <summary>Parses the text form: exactly 22 canonical base64url characters.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out SessionId id)
    {
        var isId = Base64UrlIds.TryParse(text, out var high, out var low);
        id = new(high, low);
        return isId;
    }

    /// <summary>The secret itself, for the answer to its browser.</summary>
    public string Reveal() => Base64UrlIds.Format(High, Low);

    public bool Equals(SessionId other) => ((High ^ other.High) | (Low ^ other.Low)) == 0;

    public override int GetHashCode() => (int)(Low ^ (Low >> 32));

    public override string ToString() => "[session secret]";
}
