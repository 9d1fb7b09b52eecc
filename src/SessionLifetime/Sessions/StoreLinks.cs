using System.Runtime.InteropServices;

namespace SessionLifetime;

/// <summary>
/// How a store's tables and its due index find the next session after this one: each session is its own node in all of them. Written by
/// them only, each under its own lock.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct StoreLinks
{
    public SessionCell? NextBySecret;
    public SessionCell? NextById;
    public SessionCell? NextDue;
    public SessionCell? PreviousDue;

    /// <summary>The slot of the due index plus one; 0 while the session is in none.</summary>
    public short DueSlot;
}
