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
    private readonly ISessionBackingStore _store;
    private readonly Func<SessionSnapshot, SessionTimings> _timingsOf;
    private readonly RecordReader _reader;
    private readonly EntryFollower _follower;
    private readonly DirtyEntries _dirty;
    private readonly RecordWriter _writer;
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
        _reader = new(store);
        _follower = new(this, timingsOf, OnEndedElsewhere);
        _dirty = new(store, TouchOf, SaveAsync, _follower.FollowAsync);
        _writer = new(store, () => Now, OnWritten, _follower.Follow);
    }

    /// <summary>Raised after an entry has ended because its record was ended by another process.</summary>
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

        // One that runs out is asked for each time: only the record knows until when it works.
        var (record, isLasting) = await _reader.FindAsync(secret, Now, cancellationToken);
        return record is null ? null : _follower.Adopt(record, isLasting ? secret : null);
    }

    public override async ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) =>
        TryGet(id, out var known) ? known
        : await _reader.FindAsync(id, cancellationToken) is { } record ? _follower.Adopt(record, secret: null)
        : null;

    public override async ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) =>
        await base.FindEndedAsync(secret, cancellationToken) ?? await _reader.FindEndedAsync(secret, cancellationToken);

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

        // An end from a list waits until the session is written.
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
        await foreach (var record in _reader.DueAsync(now))
        {
            _follower.Adopt(record, secret: null);
        }

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
            await _follower.FollowAsync(record);
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
        await foreach (var record in _reader.ListAsync(filter, cancellationToken))
        {
            _follower.Adopt(record, secret: null);
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

    private void OnEndedElsewhere(SessionEntry entry)
    {
        Interlocked.Decrement(ref _stored);
        EndedElsewhere?.Invoke(entry);
    }
}
