namespace SessionLifetime.Ids;

/// <summary>The log-safe id of a session: 64 random bits, unrelated to its secret. It names the session and gives no access.</summary>
internal readonly record struct PublicId(ulong Value)
{
    /// <summary>The length of the text form, in characters.</summary>
    public const int TextLength = Base64UrlIds.OneLength;

    public static PublicId Create() => new(RandomBits.Next64());

    public static bool TryParse(ReadOnlySpan<char> text, out PublicId id)
    {
        var isId = Base64UrlIds.TryParse(text, out var word);
        id = new(word);
        return isId;
    }

    public override int GetHashCode() => (int)(Value ^ (Value >> 32));

    public override string ToString() => Base64UrlIds.Format(Value);
}
