using System.Collections.Concurrent;
using SessionLifetime.Entries;

namespace SessionLifetime.Storage;

/// <summary>The entries whose stamps moved since they were written, and the batches in which they are.</summary>
/// <param name="store">The store.</param>
/// <param name="touchOf">The stamps of an entry now.</param>
/// <param name="save">Writes an entry of which more than stamps changed.</param>
/// <param name="follow">Makes the entry of a record follow it, where the session moved on elsewhere.</param>
internal sealed class DirtyEntries(
    ISessionBackingStore store,
    Func<SessionEntry, SessionTouch> touchOf,
    Func<SessionEntry, ValueTask> save,
    Func<SessionRecord, ValueTask> follow)
{
    private const int BatchSize = 256;

    private readonly ConcurrentQueue<SessionEntry> _dirty = new();

    /// <summary>An entry's stamps moved.</summary>
    public void Mark(SessionEntry entry)
    {
        if (entry.Shared is { } shared && shared.TryMarkDirty())
        {
            _dirty.Enqueue(entry);
        }
    }

    /// <summary>Writes all that were marked before. Where the store fails, they stay marked.</summary>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        var batch = new List<SessionEntry>();
        for (var left = _dirty.Count; left > 0 && _dirty.TryDequeue(out var entry); left--)
        {
            // Clean before it is read: a later touch marks it again.
            var shared = entry.Shared!;
            shared.MarkClean();
            if (entry.IsEnded)
            {
                continue;
            }

            if (shared.IsChanged)
            {
                await SaveAsync(entry, shared);
            }
            else
            {
                batch.Add(entry);
            }

            if (batch.Count == BatchSize)
            {
                await WriteAsync(batch, cancellationToken);
            }
        }

        await WriteAsync(batch, cancellationToken);
    }

    private async ValueTask SaveAsync(SessionEntry entry, SharedState shared)
    {
        shared.IsChanged = false;
        try
        {
            await save(entry);
        }
        catch
        {
            shared.IsChanged = true;
            Mark(entry);
            throw;
        }
    }

    private async ValueTask WriteAsync(List<SessionEntry> batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return;
        }

        IReadOnlyList<SessionRecord> moved;
        try
        {
            moved = await store.TouchAsync(batch.Select(touchOf).ToArray(), cancellationToken);
        }
        catch
        {
            batch.ForEach(Mark);
            throw;
        }

        batch.Clear();
        foreach (var record in moved)
        {
            await follow(record);
        }
    }
}
