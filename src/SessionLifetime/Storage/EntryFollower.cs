using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Storage;

/// <summary>Makes entries of records, and makes entries follow their records where those moved on elsewhere.</summary>
/// <param name="directory">Where the entries are.</param>
/// <param name="timingsOf">The durations in force for a session.</param>
/// <param name="onEnded">An entry has ended because its record has.</param>
internal sealed class EntryFollower(SessionDirectory directory, Func<SessionSnapshot, SessionTimings> timingsOf, Action<SessionEntry> onEnded)
{
    private readonly Lock _adopting = new();

    /// <summary>The entry of a record: the one that is there, or a new one.</summary>
    /// <param name="record">The record of a living session.</param>
    /// <param name="secret">A secret that leads to it from now on; null for none.</param>
    /// <returns>Null when the record's id is none of ours.</returns>
    public SessionEntry? Adopt(SessionRecord record, SessionId? secret)
    {
        if (!PublicId.TryParse(record.Id, out var id))
        {
            return null;
        }

        lock (_adopting)
        {
            if (directory.TryGet(id, out var known))
            {
                if (secret is { } shown)
                {
                    directory.Learn(known, shown);
                }

                return known;
            }

            // Handlers that were asked by a process that is gone have not handled.
            var read = SessionRecords.Read(record, BrowserKey.None) with { Raising = false };
            var due = DeriveAndFindDue(ref read);
            var shared = new SharedState
            {
                Version = record.Version,
                BrowserHash = record.BrowserHash,
                HashedSecrets = SessionRecords.SecretsOf(record),
            };
            var entry = new SessionEntry(secret ?? default, id, read, SessionRecords.PagesOf(record), shared);
            entry.Refresh(entry.Read(), due);
            directory.Adopt(entry, secret is not null);
            return entry;
        }
    }

    /// <summary>Makes the entry of a record follow it, where there is one and it is older.</summary>
    public ValueTask FollowAsync(SessionRecord record) =>
        PublicId.TryParse(record.Id, out var id) && directory.TryGet(id, out var entry) ? FollowInTurnAsync(entry, record) : default;

    /// <summary>Makes an entry follow its record. Called in the entry's turn.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="record">Its record; null where the store has forgotten it.</param>
    public void Follow(SessionEntry entry, SessionRecord? record)
    {
        var shared = entry.Shared!;
        if (entry.IsEnded || record?.Version < shared.Version)
        {
            return;
        }

        // Stamps only go forward: those that are not written yet stay.
        var own = entry.Read();
        var read = record is null ? SessionRecords.Forgotten(entry) : SessionRecords.Read(record, entry.Browser);
        read.LastActivity = Moment.Later(read.LastActivity, own.LastActivity);
        read.LastSignal = Moment.Later(read.LastSignal, own.LastSignal);
        read.IdleReset = Moment.Later(read.IdleReset, own.IdleReset);
        read.LastArrival = Moment.Later(read.LastArrival, own.LastArrival);
        if (record is not null)
        {
            shared.Version = record.Version;
            shared.HashedSecrets = SessionRecords.SecretsOf(record);
        }

        var due = DeriveAndFindDue(ref read);
        entry.Apply(read, due);
        directory.Settle(entry, own.Owner, read.Owner);
        directory.FollowCommit(entry);
        if (entry.IsEnded)
        {
            onEnded(entry);
        }
    }

    private async ValueTask FollowInTurnAsync(SessionEntry entry, SessionRecord record)
    {
        var turn = entry.Shared!.Turn;
        await turn.EnterAsync();
        try
        {
            Follow(entry, record);
        }
        finally
        {
            turn.Leave();
        }
    }

    private Moment DeriveAndFindDue(ref SessionSnapshot read)
    {
        var (timings, now) = (timingsOf(read), directory.Now);
        Clockwork.Derive(ref read, timings, now);
        return Clockwork.NextDue(read, timings, now);
    }
}
