namespace SessionLifetime.Ids;

/// <summary>The log-safe id of a browser: it groups the sessions of one browser, and gives no access.</summary>
internal readonly record struct BrowserId(ulong Value)
{
    public static bool TryParse(ReadOnlySpan<char> text, out BrowserId id)
    {
        var isId = Base64UrlIds.TryParse(text, out var word);
        id = new(word);
        return isId;
    }

    // Clients choose their keys: the hash is randomized so that they cannot choose the bucket.
    public override int GetHashCode() => HashCode.Combine(Value);

    public override string ToString() => Base64UrlIds.Format(Value);
}
