using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Storage;

/// <summary>Writes decisions: reserves the entry, commits the record, and makes the entry what was written.</summary>
/// <param name="store">The store.</param>
/// <param name="now">The store's now.</param>
/// <param name="onWritten">The entry is what was written; called in its turn.</param>
/// <param name="onMoved">The record moved on elsewhere, or is gone; called in the entry's turn.</param>
internal sealed class RecordWriter(
    ISessionBackingStore store,
    Func<Moment> now,
    Action<SessionEntry> onWritten,
    Action<SessionEntry, SessionRecord?> onMoved)
{
    /// <returns>False when the session is not as it was seen, here or in the store.</returns>
    public async ValueTask<bool> TryWriteAsync(
        SessionEntry entry,
        SessionSnapshot seen,
        SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches,
        Task? answer)
    {
        var shared = entry.Shared!;
        await shared.Turn.EnterAsync();
        try
        {
            if (!entry.TryReserve(seen, ignoreTouches))
            {
                return false;
            }

            var isSettled = false;
            try
            {
                var record = SessionRecords.Of(entry, next, nextDue, now());
                var commit = new SessionCommit(record, shared.Version, ignoreTouches ? null : SessionRecords.StampsOf(seen));
                var written = await store.CommitAsync(commit, CancellationToken.None);
                isSettled = true;
                if (written.IsCommitted)
                {
                    shared.Version = written.Current!.Version;
                    entry.Apply(next, nextDue, answer);
                    onWritten(entry);
                }
                else
                {
                    onMoved(entry, written.Current);
                }

                return written.IsCommitted;
            }
            finally
            {
                if (!isSettled)
                {
                    entry.CancelReservation(seen);
                }
            }
        }
        finally
        {
            shared.Turn.Leave();
        }
    }
}
