using SessionLifetime.Entries;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Looks in the store for sessions that are due and that no node may have met: those of a node that is gone.</summary>
/// <remarks>Those that a node has met are decided by it within a few F: reading them here, too, would cost more than to decide them.</remarks>
/// <param name="node">The node.</param>
/// <param name="gate">The way to the store.</param>
/// <param name="news">Makes entries of records.</param>
/// <param name="touches">Brings the moment of their next look to the store.</param>
/// <param name="interval">The time between two looks that find less than was asked for.</param>
internal sealed class DueRecords(NodeState node, StoreGate gate, EntryNews news, EntryTouches touches, TimeSpan interval)
{
    private Moment _nextLook;

    /// <summary>Takes sessions that may be due by <paramref name="now"/>.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<int> TakeAsync(Memory<SessionEntry> due, Moment now)
    {
        if (now < _nextLook || !node.Clock.IsSettled)
        {
            return 0;
        }

        var records = await gate.CallAsync("looking for due sessions", (store, stop) => store.TakeDueAsync(new(due.Length, node.Pace.Guard, Overdue: node.Pace.Guard), stop));
        _nextLook = records.Count == due.Length ? now : now + interval;
        var count = 0;
        foreach (var record in records)
        {
            if (await news.AdoptAsync(record, secret: null) is { } entry)
            {
                entry.Shared!.CorrectsDue = true;
                touches.Mark(entry);
                due.Span[count++] = entry;
            }
        }

        return count;
    }
}
