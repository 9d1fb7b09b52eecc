using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Directories;

/// <summary>The sessions with the lowest public ids above a mark: one pass, and no copy of all of them.</summary>
internal static class LowestIds
{
    /// <param name="entries">The sessions to choose from.</param>
    /// <param name="filter">Which are meant.</param>
    /// <param name="after">The mark; null to begin.</param>
    /// <param name="count">The most to give.</param>
    /// <returns>Living sessions in the order of their public ids.</returns>
    public static SessionEntry[] Among(IEnumerable<SessionEntry> entries, SessionFilter filter, PublicId? after, int count)
    {
        // A heap with the highest on top.
        var lowest = new PriorityQueue<SessionEntry, ulong>(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
        foreach (var entry in entries)
        {
            if ((after is { } mark && entry.Id.Value <= mark.Value) || entry.IsEnded || !filter.Matches(entry.Owner))
            {
                continue;
            }

            if (lowest.Count < count)
            {
                lowest.Enqueue(entry, entry.Id.Value);
            }
            else if (lowest.TryPeek(out _, out var highest) && entry.Id.Value < highest)
            {
                lowest.DequeueEnqueue(entry, entry.Id.Value);
            }
        }

        var list = new SessionEntry[lowest.Count];
        for (var index = list.Length - 1; index >= 0; index--)
        {
            list[index] = lowest.Dequeue();
        }

        return list;
    }
}
