using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Storage;

/// <summary>
/// The directory in front of a backing store, for one process: what it does not know it loads, what is decided is written before it counts,
/// touches are written in batches.
/// </summary>
/// <remarks>
/// <para>
/// A commit reserves the entry, so that touches take the slow path, writes the record on the version and the stamps it was decided upon,
/// and then makes the entry what was written. Commits and slow touches of one session come one after the other
/// (<see cref="SharedState.Turn"/>, <see cref="RecordWriter"/>); a fast touch finds the entry reserved, or is seen by the reservation. So a touch that was answered is
/// never followed by an end that ignores it.
/// </para>
/// <para>
/// A touch marks its entry dirty; <see cref="FlushAsync(CancellationToken)"/> writes the stamps of all dirty entries. News of commits elsewhere, and answers that
/// carry a newer record, make the entry follow it.
/// </para>
/// </remarks>
internal sealed class StoredSessionDirectory : SessionDirectory
{
    private const int BatchSize = 256;

    private readonly ISessionBackingStore _store;
    private readonly Func<SessionSnapshot, SessionTimings> _timingsOf;
    private readonly DirtyEntries _dirty;
    private readonly RecordWriter _writer;
    private readonly Lock _adopting = new();
    private long _stored;

    private StoredSessionDirectory(
        ISessionBackingStore store,
        SessionClock clock,
        SessionDirectoryLimits limits,
        Func<SessionSnapshot, SessionTimings> timingsOf,
        long stored)
        : base(clock, limits)
    {
        _store = store;
        _timingsOf = timingsOf;
        _stored = stored;
        _dirty = new(store, TouchOf, SaveAsync, FollowAsync);
        _writer = new(store, () => Now, OnWritten, Follow);
    }

    /// <summary>Raised after the entry of a session has ended because its record has: by whoever committed that.</summary>
    public event Action<SessionEntry>? EndedElsewhere;

    public override long Count => Volatile.Read(ref _stored);

    public override bool EndsWithProcess => false;

    /// <summary>Starts the store, and makes a directory in front of it whose clock is the store's.</summary>
    /// <param name="store">The store.</param>
    /// <param name="time">Runs the clock from the store's now on.</param>
    /// <param name="limits">The directory's limits.</param>
    /// <param name="timingsOf">The durations in force for a session.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async ValueTask<StoredSessionDirectory> StartAsync(
        ISessionBackingStore store,
        TimeProvider time,
        SessionDirectoryLimits limits,
        Func<SessionSnapshot, SessionTimings> timingsOf,
        CancellationToken cancellationToken = default)
    {
        var start = await store.StartAsync(cancellationToken);
        var count = await store.CountAsync(default, cancellationToken);
        return new(store, new SessionClock(time, start.Now), limits, timingsOf, count);
    }

    public override async ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken)
    {
        if (TryGet(secret, out var known))
        {
            return known;
        }

        var hash = SecretHash.Of(secret);
        if (await _store.LoadAsync(SessionKey.OfSecret(hash), cancellationToken) is not { EndReason: null } record
            || record.Secrets.FirstOrDefault(one => string.Equals(one.Hash, hash, StringComparison.Ordinal)) is not { } own
            || own.Until <= SessionRecords.Span(Now))
        {
            return null;
        }

        // One that runs out is asked for each time: only the record knows until when it works.
        return Adopt(record, own.Until is null ? secret : null);
    }

    public override async ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) =>
        TryGet(id, out var known) ? known
        : await _store.LoadAsync(SessionKey.OfId(id.ToString()), cancellationToken) is { EndReason: null } record ? Adopt(record, secret: null)
        : null;

    public override async ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken)
    {
        if (await base.FindEndedAsync(secret, cancellationToken) is { } known)
        {
            return known;
        }

        return await _store.LoadAsync(SessionKey.OfSecret(SecretHash.Of(secret)), cancellationToken) is { EndReason: { } reason, EndedAt: { } at } record
            && PublicId.TryParse(record.Id, out var id)
                ? new EndedSession(secret, id, reason, SessionRecords.At(at))
                : null;
    }

    public override async ValueTask<IReadOnlyList<SessionEntry>> ListAsync(
        SessionFilter filter,
        PublicId? after,
        int count,
        CancellationToken cancellationToken)
    {
        await LoadMatchingAsync(filter, cancellationToken);
        return await base.ListAsync(filter, after, count, cancellationToken);
    }

    public override async ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken)
    {
        var shared = new SharedState();
        entry.Share(shared);
        await LoadGroupsAsync(entry.Owner, cancellationToken);

        // Whoever would end it from a list waits until it is written.
        await shared.Turn.EnterAsync();
        try
        {
            var placed = await base.AddAsync(entry, nextDue, cancellationToken);
            if (placed != PlacementResult.Added)
            {
                return placed;
            }

            var record = SessionRecords.Of(entry, entry.Read(), nextDue, Now);
            var answer = await _store.CommitAsync(new(record, ExpectedVersion: 0, ExpectedStamps: null), cancellationToken);
            if (!answer.IsCommitted)
            {
                throw new InvalidOperationException("The store has a session of this public id already.");
            }

            shared.Version = answer.Current!.Version;
            Interlocked.Increment(ref _stored);
            return PlacementResult.Added;
        }
        catch
        {
            Drop(entry);
            throw;
        }
        finally
        {
            shared.Turn.Leave();
        }
    }

    public override void MarkDirty(SessionEntry entry) => _dirty.Mark(entry);

    public override void MarkChanged(SessionEntry entry)
    {
        entry.Shared!.IsChanged = true;
        MarkDirty(entry);
    }

    public override async ValueTask SaveAsync(SessionEntry entry)
    {
        while (!entry.IsEnded)
        {
            var seen = Read(entry);
            if (await _writer.TryWriteAsync(entry, seen, seen, Due(seen), ignoreTouches: true, answer: null))
            {
                return;
            }
        }
    }

    public override ValueTask<bool> TryTouchAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
        TouchInTurnAsync(entry, seen, next, nextDue);

    public override ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        in SessionSnapshot seen,
        in SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches = false,
        Task? answer = null) => _writer.TryWriteAsync(entry, seen, next, nextDue, ignoreTouches, answer);

    public override ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
        AssignOwnerAsync(entry, seen, next, nextDue);

    public override async ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken)
    {
        string? after = null;
        IReadOnlyList<SessionRecord> records;
        do
        {
            records = await _store.TakeDueAsync(new(SessionRecords.Span(now), BatchSize, after), cancellationToken);
            foreach (var record in records)
            {
                after = record.Id;
                Adopt(record, secret: null);
            }
        }
        while (records.Count == BatchSize);

        return await base.TakeDueAsync(due, now, cancellationToken);
    }

    /// <summary>Writes everything that moved in memory since the last time.</summary>
    public override ValueTask FlushAsync(CancellationToken cancellationToken = default) => _dirty.FlushAsync(cancellationToken);

    /// <summary>Heeds news of a commit: an entry that is older than that follows the record.</summary>
    public async ValueTask HeedAsync(SessionNotice notice, CancellationToken cancellationToken)
    {
        if (PublicId.TryParse(notice.Id, out var id)
            && TryGet(id, out var entry)
            && entry.Shared is { } shared
            && shared.Version < notice.Version
            && await _store.LoadAsync(SessionKey.OfId(notice.Id), cancellationToken) is { } record)
        {
            await FollowInTurnAsync(entry, record);
        }
    }

    private Moment Due(in SessionSnapshot seen) => Clockwork.NextDue(seen, _timingsOf(seen), Now);

    private async ValueTask<bool> TouchInTurnAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        var turn = entry.Shared!.Turn;
        await turn.EnterAsync();
        try
        {
            if (!await base.TryTouchAsync(entry, seen, next, nextDue))
            {
                return false;
            }
        }
        finally
        {
            turn.Leave();
        }

        MarkDirty(entry);
        return true;
    }

    private async ValueTask<PlacementResult> AssignOwnerAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        await LoadGroupsAsync(next.Owner, CancellationToken.None);
        var place = Enter(entry, next.Owner);
        if (place == PlacementResult.Added && !await _writer.TryWriteAsync(entry, seen, next, nextDue, ignoreTouches: true, answer: null))
        {
            place = PlacementResult.Moved;
        }

        Settle(entry, seen.Owner, next.Owner);
        return place;
    }

    /// <summary>Limits count the sessions of a browser and of a user that the store has, not only those that are known here.</summary>
    private async ValueTask LoadGroupsAsync(SessionOwner owner, CancellationToken cancellationToken)
    {
        if (Limits.MaxSessionsPerBrowser is not null && owner.BrowserId is { } browser)
        {
            await LoadMatchingAsync(new(Browser: browser), cancellationToken);
        }

        if (Limits.MaxSessionsPerUser is not null && owner.User is { } user)
        {
            await LoadMatchingAsync(new(User: user), cancellationToken);
        }
    }

    private async ValueTask LoadMatchingAsync(SessionFilter filter, CancellationToken cancellationToken)
    {
        await foreach (var record in _store.ListAsync(new(filter.User, filter.Browser?.ToString()), cancellationToken))
        {
            Adopt(record, secret: null);
        }
    }

    /// <summary>The entry of a record: the one that is there, or a new one.</summary>
    private SessionEntry? Adopt(SessionRecord record, SessionId? secret)
    {
        if (!PublicId.TryParse(record.Id, out var id))
        {
            return null;
        }

        lock (_adopting)
        {
            if (TryGet(id, out var known))
            {
                if (secret is { } shown)
                {
                    Learn(known, shown);
                }

                return known;
            }

            // Handlers that were asked by a process that is gone have not handled.
            var read = SessionRecords.Read(record, BrowserKey.None) with { Raising = false };
            Clockwork.Derive(ref read, _timingsOf(read), Now);
            var shared = new SharedState { Version = record.Version, BrowserHash = record.BrowserHash, HashedSecrets = HashedOf(record) };
            var entry = new SessionEntry(secret ?? default, id, read, SessionRecords.PagesOf(record), shared);
            entry.Refresh(entry.Read(), Due(read));
            Adopt(entry, secret is not null);
            return entry;
        }
    }

    private SessionTouch TouchOf(SessionEntry entry)
    {
        var seen = Read(entry);
        return new(entry.Id.ToString(), SessionRecords.StampsOf(seen), SessionRecords.SpanUnlessNever(Due(seen)), entry.Shared!.Version);
    }

    private void OnWritten(SessionEntry entry)
    {
        FollowCommit(entry);
        if (entry.IsEnded)
        {
            Interlocked.Decrement(ref _stored);
        }
    }

    private ValueTask FollowAsync(SessionRecord record) =>
        PublicId.TryParse(record.Id, out var id) && TryGet(id, out var entry) ? FollowInTurnAsync(entry, record) : default;

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

    /// <summary>Makes an entry what its record is, in the entry's turn.</summary>
    private void Follow(SessionEntry entry, SessionRecord? record)
    {
        var shared = entry.Shared!;
        if (entry.IsEnded || (record is not null && record.Version <= shared.Version))
        {
            return;
        }

        // One that the store has forgotten has ended so long ago that nobody remembers why.
        var read = record is null ? Ended(entry) : SessionRecords.Read(record, entry.Browser);
        shared.Version = record?.Version ?? shared.Version;
        shared.HashedSecrets = record is null ? [] : HashedOf(record);
        Clockwork.Derive(ref read, _timingsOf(read), Now);
        var before = entry.Owner;
        entry.Apply(read, Due(read));
        Settle(entry, before, read.Owner);
        FollowCommit(entry);
        if (entry.IsEnded)
        {
            Interlocked.Decrement(ref _stored);
            EndedElsewhere?.Invoke(entry);
        }
    }

    private static SessionSnapshot Ended(SessionEntry entry)
    {
        var read = entry.Read();
        (read.State, read.EndReason) = (SessionState.Ended, SessionEndReason.SignalLost);
        return read;
    }

    private static List<(string Hash, Moment Until)> HashedOf(SessionRecord record) =>
        [.. record.Secrets.Select(static one => (one.Hash, one.Until is { } until ? SessionRecords.At(until) : Moment.Never))];
}
