using System.Collections.Concurrent;
using SessionLifetime.Entries;

namespace SessionLifetime.Cluster;

/// <summary>Entries whose pages or secrets changed, until the next flush has written them.</summary>
/// <param name="save">Writes one.</param>
internal sealed class ChangedEntries(Func<SessionEntry, ValueTask> save)
{
    private const int SavesAtOnce = 1_024;

    private readonly ConcurrentQueue<SessionEntry> _changed = new();

    /// <summary>An entry is to be written.</summary>
    public void Add(SessionEntry entry)
    {
        entry.Shared!.IsChanged = true;
        _changed.Enqueue(entry);
    }

    /// <summary>Writes those that were there when it began. One that cannot be written stays.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask WriteAsync()
    {
        for (var left = _changed.Count; left > 0;)
        {
            // Together, so that they share their commits.
            var saving = new List<(SessionEntry Entry, Task Saved)>();
            for (; left > 0 && saving.Count < SavesAtOnce && _changed.TryDequeue(out var entry); left--)
            {
                if (entry.Shared!.IsChanged)
                {
                    saving.Add((entry, save(entry).AsTask()));
                }
            }

            if (saving.Count == 0)
            {
                break;
            }

            await EntrySteps.WhenAllAsync(saving, Add);
        }
    }
}
