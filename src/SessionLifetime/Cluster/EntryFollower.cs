using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Makes entries of records, and makes entries follow their records where those moved on elsewhere.</summary>
/// <param name="directory">Where the entries are.</param>
/// <param name="timingsOf">The durations in force for a session.</param>
/// <param name="notRunning">For how long there was no service since a session started.</param>
/// <param name="memoryEnd">Up to when an entry may be answered from memory.</param>
/// <param name="onEnded">An entry has ended because its record has, or because the store has forgotten it.</param>
internal sealed class EntryFollower(
    SessionDirectory directory,
    Func<SessionSnapshot, SessionTimings> timingsOf,
    Func<SharedState, TimeSpan> notRunning,
    Func<SessionEntry, SessionSnapshot, Moment> memoryEnd,
    Action<SessionEntry, bool> onEnded)
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
                Learn(known, secret);
                return known;
            }

            var entry = Make(record, id, secret);
            directory.Live.Adopt(entry, secret is not null);
            Learn(entry, secret);
            return entry;
        }
    }

    /// <summary>An entry of a record that is in no directory: of a session that has ended.</summary>
    public SessionEntry? Revive(SessionRecord record) => PublicId.TryParse(record.Id, out var id) ? Make(record, id, secret: null) : null;

    /// <summary>Makes an entry follow its record, where it is older.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="record">Its record; null where the store has forgotten it.</param>
    /// <param name="wentBack">Whether the store is right also where its record is older: it was restored.</param>
    public async ValueTask FollowInTurnAsync(SessionEntry entry, SessionRecord? record, bool wentBack = false)
    {
        var shared = entry.Shared!;
        await shared.EnterTurnAsync();
        try
        {
            Follow(entry, record, wentBack);
        }
        finally
        {
            shared.LeaveTurn();
        }
    }

    /// <summary>Makes an entry follow its record. Called in the entry's turn.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="record">Its record; null where the store has forgotten it.</param>
    /// <param name="wentBack">Whether the store is right also where its record is older: it was restored.</param>
    public void Follow(SessionEntry entry, SessionRecord? record, bool wentBack = false)
    {
        var shared = entry.Shared!;
        if (entry.IsEnded || (record?.Version < shared.Version && !wentBack))
        {
            return;
        }

        if (wentBack)
        {
            shared.ForgetHeard();
        }

        // Stamps only go forward: those that are not written yet stay.
        var own = directory.Read(entry);
        SessionSnapshot read;
        if (record is null)
        {
            read = SessionRecords.Forgotten(entry);
        }
        else
        {
            var details = SessionRecords.DetailsOf(record);
            read = SessionRecords.Read(record, details, entry.Browser);
            if (record.Version != shared.Version)
            {
                lock (shared.PageLock)
                {
                    entry.ReplacePages(SessionRecords.PagesOf(details), shared.PageChanges, timingsOf(read).Signal);
                }
            }

            SessionRecords.Follow(shared, record, details, entry.OnlySecret, read.Owner.Browser);

            // Where it was read before what was heard of meanwhile, it is stale all the same.
            shared.IsStale = false;
        }

        read.LastActivity = Moment.Later(read.LastActivity, own.LastActivity);
        read.LastSignal = Moment.Later(read.LastSignal, own.LastSignal);
        read.IdleReset = Moment.Later(read.IdleReset, own.IdleReset);
        read.LastArrival = Moment.Later(read.LastArrival, own.LastArrival);
        read.NotRunning = notRunning(shared);
        var due = DeriveAndFindDue(ref read);
        entry.Apply(read, Moment.Earlier(due, memoryEnd(entry, read)), RecordWriter.Answer(shared, read));
        Learn(entry, secret: null);
        directory.Live.Settle(entry, own.Owner, read.Owner);
        directory.Live.FollowCommit(entry);
        if (entry.IsEnded)
        {
            onEnded(entry, record is null);
        }
    }

    /// <summary>A request has shown a secret, also one that runs out: what it leads to is known from now on.</summary>
    public void Show(SessionEntry entry, SessionId? secret)
    {
        foreach (var newer in EntrySecrets.Follow(entry, secret))
        {
            directory.AddSecret(entry, newer);
        }
    }

    private void Learn(SessionEntry entry, SessionId? secret)
    {
        if (secret is { } shown)
        {
            directory.Live.Learn(entry, shown);
        }

        Show(entry, secret);
    }

    private SessionEntry Make(SessionRecord record, PublicId id, SessionId? secret)
    {
        var details = SessionRecords.DetailsOf(record);
        var read = SessionRecords.Read(record, details, BrowserKey.None);
        var shared = new SharedState();
        SessionRecords.Follow(shared, record, details, secret ?? default, BrowserKey.None);
        read.NotRunning = notRunning(shared);
        var due = DeriveAndFindDue(ref read);
        var entry = new SessionEntry(secret ?? default, id, read, SessionRecords.PagesOf(details), shared);
        if (!entry.IsEnded)
        {
            entry.Apply(read, Moment.Earlier(due, memoryEnd(entry, read)), RecordWriter.Answer(shared, read));
        }

        return entry;
    }

    private Moment DeriveAndFindDue(ref SessionSnapshot read)
    {
        var (timings, now) = (timingsOf(read), directory.Now);
        Clockwork.Derive(ref read, timings, now);
        return Clockwork.NextDue(read, timings, now);
    }
}
