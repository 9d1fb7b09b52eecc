using SessionLifetime.Entries;

namespace SessionLifetime.Cluster;

/// <summary>The entries whose stamps moved and are not written yet. All members are thread-safe.</summary>
internal sealed class DirtyEntries
{
    private readonly Lock _lock = new();
    private List<SessionEntry> _entries = [];

    /// <summary>Adds one.</summary>
    public void Add(SessionEntry entry)
    {
        lock (_lock)
        {
            _entries.Add(entry);
        }
    }

    /// <summary>Takes all of them, in the order in which they were added. The room they took is given back.</summary>
    public IReadOnlyList<SessionEntry> Take()
    {
        lock (_lock)
        {
            var taken = _entries;
            if (taken.Count > 0)
            {
                _entries = [];
            }

            return taken.Count > 0 ? taken : [];
        }
    }
}
