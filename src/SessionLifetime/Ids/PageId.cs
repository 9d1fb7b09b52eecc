using System.Buffers;
using System.Runtime.InteropServices;

namespace SessionLifetime.Ids;

/// <summary>The id of a page or a tab, chosen by the browser: 1 to 64 characters of <c>[A-Za-z0-9_-]</c>. It gives no access.</summary>
/// <remarks>The browser module creates ids of 128 bits in 22 characters; they are stored as bits, others as text.</remarks>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PageId
{
    public const int MaxLength = 64;

    private static readonly SearchValues<char> s_allowed =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    private readonly string? _text;
    private readonly ulong _high;
    private readonly ulong _low;

    private PageId(string text) => _text = text;

    private PageId(ulong high, ulong low) => (_high, _low) = (high, low);

    /// <summary>No id; also the tab of a page that names none.</summary>
    public static PageId None => default;

    public bool IsNone => _text is null && !HasBits;

    /// <summary>Whether <see cref="Bits"/> are the whole id, or it is none.</summary>
    public bool IsBits => _text is null;

    public (ulong High, ulong Low) Bits => (_high, _low);

    // An id of zero bits is stored as text: as bits it would be none.
    private bool HasBits => (_high | _low) != 0;

    public static PageId OfBits((ulong High, ulong Low) bits) => new(bits.High, bits.Low);

    public static bool TryCreate(string? text, out PageId id)
    {
        if (Base64UrlIds.TryParse(text, out var high, out var low) && (high | low) != 0)
        {
            id = new(high, low);
            return true;
        }

        id = default;
        if (text is not { Length: > 0 and <= MaxLength } || text.AsSpan().ContainsAnyExcept(s_allowed))
        {
            return false;
        }

        id = new(text);
        return true;
    }

    public override string ToString() => _text ?? (HasBits ? Base64UrlIds.Format(_high, _low) : "");
}
