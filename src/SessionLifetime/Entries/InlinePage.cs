using System.Runtime.InteropServices;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// The page of a session that has one, as nearly all have: inside the session, where it costs no object. A field, never copied; guarded
/// as <see cref="PageSet"/> says.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct InlinePage
{
    private (ulong High, ulong Low) _id;
    private (ulong High, ulong Low) _tab;
    private long _lastHeard;

    public readonly bool IsNone => (_id.High | _id.Low) == 0;

    public readonly PageId Id => PageId.OfBits(_id);

    public readonly PageId Tab => PageId.OfBits(_tab);

    public Moment LastHeard
    {
        readonly get => new(Volatile.Read(in _lastHeard));
        set => Volatile.Write(ref _lastHeard, value.Ticks);
    }

    /// <summary>Whether a page fits: its names are bits.</summary>
    public static bool Fits(PageId id, PageId tab) => id.IsBits && tab.IsBits && !id.IsNone;

    public void Set(PageId id, PageId tab, Moment lastHeard)
    {
        _tab = tab.Bits;
        LastHeard = lastHeard;
        _id = id.Bits;
    }

    public void Clear() => _id = default;

    public readonly bool Is(PageId id) => id.IsBits && _id == id.Bits && !IsNone;
}
