using System.Runtime.InteropServices;

namespace SessionLifetime.Entries;

/// <summary>
/// Where a session stands among those of its browser: in a ring of their numbers, of which one, the head, stands in the browser's bucket.
/// Read and written by the directory.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct BrowserPlace
{
    /// <summary>The browser it belongs to, or is reserved for; 0 for none. A reservation is a compare-and-set: of two, one succeeds.</summary>
    public ulong Of;

    /// <summary>The next in the ring; 0 while it is in none.</summary>
    public int Next;

    public int Previous;

    /// <summary>Of a head: that of another browser in the same bucket.</summary>
    public int NextHead;
}
