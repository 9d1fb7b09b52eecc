using System.Buffers;

namespace SessionLifetime;

/// <summary>A page's or a tab's own name, chosen by the browser: 1 to 64 characters of <c>[A-Za-z0-9_-]</c>. It opens nothing.</summary>
internal readonly record struct PageId
{
    public const int MaxLength = 64;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private readonly string? _text;

    private PageId(string text) => _text = text;

    /// <summary>The tab of a page that names none: a session has one tab unless its pages say otherwise.</summary>
    public static PageId None => default;

    public bool IsNone => _text is null;

    public static bool TryCreate(string? text, out PageId id)
    {
        id = default;
        if (text is not { Length: > 0 and <= MaxLength } || text.AsSpan().ContainsAnyExcept(s_allowed))
        {
            return false;
        }

        id = new(text);
        return true;
    }

    public override string ToString() => _text ?? "";
}
