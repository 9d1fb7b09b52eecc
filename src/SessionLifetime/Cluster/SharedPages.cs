using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Pages that attach and detach: an entry's pages change in one step with the list of what is not written yet.</summary>
internal static class SharedPages
{
    /// <summary>A page attaches. False when the session has ended.</summary>
    public static bool TryAttach(SessionEntry entry, PageId page, PageId tab, Moment now, TimeSpan signalTimeout)
    {
        var shared = entry.Shared!;
        lock (shared.PageLock)
        {
            if (!entry.TryAttachPage(page, tab, now, signalTimeout))
            {
                return false;
            }

            shared.AddPageChange(new(page, tab, now));
            return true;
        }
    }

    /// <summary>A page detaches. True when it was open; <paramref name="openPages"/> is what is left without it.</summary>
    public static bool TryDetach(SessionEntry entry, PageId page, PageDetach detach, Moment now, TimeSpan signalTimeout, out int openPages)
    {
        var shared = entry.Shared!;
        lock (shared.PageLock)
        {
            if (!entry.TryDetachPage(page, detach.Persisted, now, detach.Grace, signalTimeout, out openPages))
            {
                return false;
            }

            shared.AddPageChange(new(page, PageId.None, now, detach));
            return true;
        }
    }
}
