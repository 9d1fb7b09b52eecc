namespace SessionLifetime.Ids;

/// <summary>The log-safe name of a browser: it groups the sessions of one browser, and opens none.</summary>
internal readonly record struct BrowserId(ulong Value)
{
    public static bool TryParse(ReadOnlySpan<char> text, out BrowserId id)
    {
        var isId = Base64UrlIds.TryParse(text, out var word);
        id = new(word);
        return isId;
    }

    // A client may choose its key, and so the hash: which bucket it falls into is not for it to choose.
    public override int GetHashCode() => HashCode.Combine(Value);

    public override string ToString() => Base64UrlIds.Format(Value);
}
