using SessionLifetime.Entries;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>A request in flight, and the session whose clocks it holds.</summary>
internal sealed class SessionHold : RequestHold
{
    public SessionEntry Entry { get; private set; } = default!;

    /// <summary>Says what it is to hold; it does not yet.</summary>
    public SessionHold For(SessionEntry entry, bool isActivity, Moment until)
    {
        Entry = entry;
        Set(isActivity, until);
        return this;
    }

    /// <summary>Forgets what it held, which it no longer does.</summary>
    public void Clear()
    {
        Entry = default!;
        Set(isActivity: false, default);
    }
}
