using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Storage;

namespace SessionLifetime.Cluster;

/// <summary>
/// Computes the due moments of all sessions anew where other durations are in force: a store knows a session's due moment by those of before, and looks no
/// earlier.
/// </summary>
internal sealed class DueMoments(SharedSessionDirectory directory, StoreGate gate, NodeState node, TimingsInForce timings, TimeProvider time)
{
    private const int PageSize = 500;

    /// <summary>Walks through all living sessions, a page at a time, and tells the store the due moments that are others now.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask CorrectAsync(CancellationToken cancellationToken)
    {
        directory.RescheduleAll();
        string? after = null;
        List<SessionRecord> page;
        do
        {
            var from = after;
            page = await gate.CallAsync("listing sessions", async (store, stop) =>
            {
                var list = new List<SessionRecord>();
                await foreach (var record in store.ListAsync(new(User: null, BrowserId: null, from), stop))
                {
                    list.Add(record);
                    if (list.Count == PageSize)
                    {
                        break;
                    }
                }

                return list;
            });
            var touches = page.Where(IsOtherwise).Select(record => new SessionTouch(record.Id, record.Version, null, null, null, null, DueOf(record))).ToList();
            if (touches.Count > 0)
            {
                await gate.CallAsync("correcting due moments", (store, stop) => store.TouchAsync(touches, stop));
            }

            after = page.Count > 0 ? page[^1].Id : null;

            // Beside what others wait for.
            await Task.Delay(node.Pace.Flush * 0.05, time, cancellationToken);
        }
        while (page.Count == PageSize);
    }

    private bool IsOtherwise(SessionRecord record) => DueOf(record) is { } due && (record.DueAt is not { } told || due < told);

    private TimeSpan? DueOf(SessionRecord record)
    {
        var seen = SessionRecords.Read(record, SessionRecords.DetailsOf(record), BrowserKey.None);
        var (inForce, now) = (timings.Of(seen), node.Clock.Now);
        Clockwork.Derive(ref seen, inForce, now);
        return SessionRecords.SpanUnlessNever(Clockwork.NextDue(seen, inForce, now));
    }
}
