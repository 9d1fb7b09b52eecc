namespace SessionLifetime.Cluster;

/// <summary>The commits of the last while, by session: a record that was read before one of them is not to be believed.</summary>
/// <param name="time">Measures the while.</param>
/// <param name="keep">How long they are kept at least: longer than a read may take.</param>
internal sealed class HeardChanges(TimeProvider time, TimeSpan keep)
{
    private readonly Lock _lock = new();
    private Dictionary<string, long> _now = new(StringComparer.Ordinal);
    private Dictionary<string, long> _before = new(StringComparer.Ordinal);
    private long _since = time.GetTimestamp();

    public void Add(IReadOnlyList<CommittedChange> changes)
    {
        lock (_lock)
        {
            if (time.GetElapsedTime(_since) > keep)
            {
                (_before, _now, _since) = (_now, new(StringComparer.Ordinal), time.GetTimestamp());
            }

            foreach (var change in changes)
            {
                _now[change.Id] = Math.Max(change.Version, _now.GetValueOrDefault(change.Id));
            }
        }
    }

    /// <summary>The highest version that was heard of; 0 for none.</summary>
    public long VersionOf(string id)
    {
        lock (_lock)
        {
            return Math.Max(_now.GetValueOrDefault(id), _before.GetValueOrDefault(id));
        }
    }

    /// <summary>The store went back: what was heard is void.</summary>
    public void Clear()
    {
        lock (_lock)
        {
            _now.Clear();
            _before.Clear();
        }
    }
}
