using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>
/// The directory of a node whose sessions are in a backing store: what it does not know it loads, what is decided is written before it counts, and it
/// answers from memory only while that cannot matter.
/// </summary>
/// <remarks>
/// <para>
/// A touch is answered from memory while the node has heard from the store just now, the session is plain and not known to have changed elsewhere, and
/// its deadline, by what is known to be in the store, is more than the guard away. The first and the last stand in the moment a touch is made at
/// (<see cref="SessionDirectory.NowForTouch"/>) and in the entry's next due moment, so that the way of a request has no further question. Otherwise the
/// touch is brought to the store and waited for.
/// </para>
/// <para>
/// A commit reserves the entry, so that touches take the slow path, writes the record on the version and the stamps it was decided upon,
/// and then makes the entry what was written. Commits of one session come one after the other (<see cref="SharedState.Turn"/>).
/// </para>
/// </remarks>
internal sealed class SharedSessionDirectory : SessionDirectory
{
    private readonly NodeState _node;
    private readonly StoreGate _gate;
    private readonly SessionStoreOptions _options;
    private readonly Func<SessionSnapshot, SessionTimings> _timingsOf;
    private readonly ClusterEvents _events;
    private readonly RecordReader _reader;
    private readonly RecordWriter _writer;
    private readonly EntryFollower _follower;
    private readonly EntryTouches _touches;
    private readonly EndedHere _ended;
    private readonly ConcurrentQueue<SessionEntry> _changed = new();
    private readonly TimeSpan _storeLooks;
    private Moment _nextLookIntoStore;

    public SharedSessionDirectory(
        NodeState node,
        StoreGate gate,
        SessionStoreOptions options,
        SessionClock clock,
        SessionDirectoryLimits limits,
        Func<SessionSnapshot, SessionTimings> timingsOf,
        Func<SessionEventKind, bool> wants,
        IWorkScheduler scheduler,
        TimeProvider time)
        : base(clock, limits with { SweepInterval = node.Pace.Flush })
    {
        _storeLooks = limits.SweepInterval;
        (_node, _gate, _options, _timingsOf) = (node, gate, options, timingsOf);
        _events = new(wants, timingsOf);
        _ended = new(node, () => wants(SessionEventKind.ApplicationExit));
        _reader = new(node, gate, time);
        _touches = new(node, gate, scheduler, Read, Due, FollowAsync, MarkChanged);
        _follower = new(this, timingsOf, NotRunning, (entry, seen) => _touches.MemoryEnd(entry, seen), entry => _ended.Add(entry, isOurs: false));
        _writer = new(node, gate, scheduler, timingsOf, _events, OnWritten, _follower.Follow);
    }

    /// <summary>What has ended and is known here: what is to be told by this node, and what only has to be let go.</summary>
    public EndedHere Ended => _ended;

    public EntryFollower Follower => _follower;

    public RecordReader Reader => _reader;

    public override long Count => _node.Sessions;

    public override bool EndsWithProcess => false;

    public override bool DeliversLater => true;

    public override SessionSnapshot Read(SessionEntry entry)
    {
        var seen = entry.Read();
        seen.NotRunning = entry.Shared is { } shared ? NotRunning(shared) : TimeSpan.Zero;
        return seen;
    }

    public override async ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken)
    {
        if (TryGet(secret, out var known))
        {
            return known;
        }

        var hash = SecretHash.Of(secret);
        if (await _reader.LoadAsync(secret) is not { EndReason: null } record)
        {
            return null;
        }

        // One that runs out is asked for each time: only the record knows until when it works.
        var own = SessionRecords.SecretsOf(SessionRecords.DetailsOf(record)).Find(one => string.Equals(one.Hash, hash, StringComparison.Ordinal));
        if (own is null || own.Until <= Now || await AdoptAsync(record, own.Until.IsNever ? secret : null) is not { } entry)
        {
            return null;
        }

        _follower.Show(entry, secret);
        return entry;
    }

    public override async ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) =>
        TryGet(id, out var known) ? known
        : await _reader.LoadAsync(id) is { EndReason: null } record ? await AdoptAsync(record, secret: null)
        : null;

    public override async ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) =>
        await base.FindEndedAsync(secret, cancellationToken)
        ?? (await _reader.LoadAsync(secret) is { EndReason: { } reason, EndedAt: { } at } record && PublicId.TryParse(record.Id, out var id)
            ? new EndedSession(secret, id, reason, SessionRecords.At(at))
            : null);

    public override async ValueTask<IReadOnlyList<SessionEntry>> ListAsync(
        SessionFilter filter,
        PublicId? after,
        int count,
        CancellationToken cancellationToken)
    {
        // Fewer than asked for means that there are no more: what has ended since it was read is made up for.
        var entries = new List<SessionEntry>();
        while (true)
        {
            var (most, read) = (count - entries.Count, 0);
            await foreach (var record in _reader.ListAsync(filter, after, most).WithCancellation(cancellationToken))
            {
                read++;
                after = PublicId.TryParse(record.Id, out var last) ? last : after;
                if (await AdoptAsync(record, secret: null) is { } entry)
                {
                    entries.Add(entry);
                }
            }

            if (read < most || entries.Count == count)
            {
                return entries;
            }
        }
    }

    public override async ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken)
    {
        if (IsClosed)
        {
            return PlacementResult.Closed;
        }

        if (_node.Sessions >= Limits.MaxSessions)
        {
            return PlacementResult.Full;
        }

        var shared = new SharedState { TakenOffAtStart = _node.Clock.TakenOff };
        entry.Share(shared);

        // An end from a list waits until the session is known here.
        await shared.Turn.EnterAsync();
        try
        {
            if (await PlaceAsync(entry, entry.Owner) is var place && place != PlacementResult.Added)
            {
                return place;
            }

            var answer = await _writer.InsertAsync(entry, nextDue);
            if (answer.Status != CommitStatus.Written)
            {
                throw new InvalidOperationException("The store has a session of this public id already.");
            }

            SessionRecords.Follow(shared, answer.Current!, SessionRecords.DetailsOf(answer.Current!));
            entry.Refresh(entry.Read(), Bound(entry, Read(entry), nextDue));
            Adopt(entry, hasSecret: true);
            return PlacementResult.Added;
        }
        finally
        {
            shared.Turn.Leave();
        }
    }

    public override bool TryKeepTouch(SessionEntry entry, Moment now)
    {
        _touches.Mark(entry);
        return NowForTouch is { IsNever: false } after && after.Since(now) <= _node.Pace.Flush;
    }

    public override void MarkDirty(SessionEntry entry, bool isActivity)
    {
        // A new session that found no place is in no store.
        if (entry.Shared is { } shared)
        {
            if (!_node.Clock.HasLease)
            {
                shared.AddUnsure(isActivity ? UnsureSignals.Activity | UnsureSignals.Signal : UnsureSignals.Signal);
            }

            _touches.Mark(entry);
        }
    }

    public override void OnSlowSignal(SessionEntry entry, in SignalReport signal)
    {
        if (_node.Clock.HasLease)
        {
            return;
        }

        entry.Shared!.AddUnsure(UnsureSignals.Signal
            | (signal.IsActivity ? UnsureSignals.Activity : UnsureSignals.None)
            | (signal.IsStretch ? UnsureSignals.IdleReset : UnsureSignals.None)
            | (signal.DisarmsNothing ? UnsureSignals.None : UnsureSignals.Arrival));
    }

    public override void MarkChanged(SessionEntry entry)
    {
        entry.Shared!.IsChanged = true;
        _changed.Enqueue(entry);
    }

    public override void OnPageChange(SessionEntry entry, PageChange change)
    {
        if (entry.Shared is { } shared)
        {
            lock (shared.PageChanges)
            {
                shared.PageChanges.Add(change);
            }
        }
    }

    public override async ValueTask SaveAsync(SessionEntry entry)
    {
        while (!entry.IsEnded)
        {
            var seen = Read(entry);
            if (await _writer.TryWriteAsync(entry, seen, seen, Due(seen), ignoreTouches: true))
            {
                return;
            }
        }
    }

    public override bool MayDecide(SessionEntry entry, Moment rule, bool isAbsolute)
    {
        if (entry.Shared!.TryAgainAt > Now)
        {
            return false;
        }

        if (isAbsolute || _node.HasAllUpTo(Moment.Later(rule, entry.Shared!.DecideAfter)))
        {
            return true;
        }

        _node.Urge();
        return false;
    }

    public override ValueTask<bool> TryTouchAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
        TouchAsync(entry, seen, next, nextDue);

    public override ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        in SessionSnapshot seen,
        in SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches = false,
        Task? answer = null) => _writer.TryWriteAsync(entry, seen, next, nextDue, ignoreTouches);

    public override async ValueTask UnloadPagesAsync(SessionEntry entry, Moment now, TimeSpan signalTimeout)
    {
        while (!entry.IsEnded && entry.Unloaded(now, signalTimeout) is { Count: > 0 } unloaded)
        {
            var seen = Read(entry);
            if (!await _writer.TryWriteAsync(entry, seen, seen, Due(seen), ignoreTouches: true, unloaded))
            {
                continue;
            }

            entry.RemovePages(unloaded);
        }
    }

    public override bool TryRefresh(SessionEntry entry, in SessionSnapshot seen, Moment nextDue, Moment now)
    {
        entry.Refresh(seen, Bound(entry, seen, nextDue));
        return nextDue > now && entry.NextUnload > now;
    }

    public override void Reschedule(SessionEntry entry, Moment nextDue) => base.Reschedule(entry, Moment.Later(nextDue, Now + _node.Pace.Flush));

    public override void Reschedule(ReadOnlySpan<SessionEntry> entries)
    {
        foreach (var entry in entries)
        {
            Reschedule(entry, entry.NextDue);
        }
    }

    public override ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
        AssignOwnerAsync(entry, seen, next, nextDue);

    private async ValueTask<PlacementResult> AssignOwnerAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        if (await PlaceAsync(entry, next.Owner) is var place && place != PlacementResult.Added)
        {
            return place;
        }

        place = await _writer.TryWriteAsync(entry, seen, next, nextDue, ignoreTouches: true) ? PlacementResult.Added : PlacementResult.Moved;
        Settle(entry, seen.Owner, place == PlacementResult.Added ? next.Owner : seen.Owner);
        return place;
    }

    public override async ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken)
    {
        var taken = await base.TakeDueAsync(due, now, cancellationToken);
        if (taken > 0 || now < _nextLookIntoStore || !_node.Clock.IsSettled)
        {
            return taken;
        }

        // Sessions that nobody here has met.
        var records = await _gate.CallAsync("looking for due sessions", (store, stop) => store.TakeDueAsync(new(due.Length, _node.Pace.Guard), stop));
        _nextLookIntoStore = records.Count == due.Length ? now : now + _storeLooks;
        var count = 0;
        foreach (var record in records)
        {
            if (await AdoptAsync(record, secret: null) is { } entry)
            {
                entry.Shared!.CorrectsDue = true;
                _touches.Mark(entry);
                due.Span[count++] = entry;
            }
        }

        return count;
    }

    /// <summary>Brings to the store what moved in memory; see <see cref="EntryTouches.FlushAsync"/>.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask FlushAsync(bool all)
    {
        for (var left = _changed.Count; left > 0 && _changed.TryDequeue(out var entry); left--)
        {
            try
            {
                if (entry.Shared!.IsChanged)
                {
                    await SaveAsync(entry);
                }
            }
            catch (SessionStoreUnavailableException)
            {
                MarkChanged(entry);
                throw;
            }
        }

        await _touches.FlushAsync(all);
    }

    public override async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await FlushAsync(all: true);
        }
        catch (SessionStoreUnavailableException)
        {
            // A server that stops while its store is away stops all the same: it tries again when it signs off.
        }
    }

    public override Task WhenToldAsync(SessionEntry entry) => entry.Shared!.Told;

    /// <summary>Forgets what ended long ago, in the store.</summary>
    public async ValueTask TrimAsync()
    {
        var before = Now - Limits.EndedSessionRetention;
        await _gate.CallAsync("forgetting ended sessions", (store, stop) => store.TrimAsync(SessionRecords.Span(before), stop));
    }

    /// <summary>News of commits elsewhere: nothing is answered from older copies any more.</summary>
    public void Distrust(IReadOnlyList<CommittedChange> changes)
    {
        foreach (var change in changes)
        {
            if (IsOlder(change, out var entry))
            {
                entry.Shared!.IsStale = true;
                entry.Involve();
            }
        }
    }

    /// <summary>News of commits elsewhere: entries that are older follow.</summary>
    public async ValueTask HeedAsync(IReadOnlyList<CommittedChange> changes)
    {
        List<SessionEntry>? stale = null;
        foreach (var change in changes)
        {
            if (!PublicId.TryParse(change.Id, out var id))
            {
                continue;
            }

            if (change is { IsEnded: true, IsTold: true })
            {
                _ended.Told(id);
            }

            if (IsOlder(change, out var entry))
            {
                (stale ??= []).Add(entry);
            }
        }

        foreach (var entry in stale ?? [])
        {
            await ReloadAsync(entry);
        }
    }

    /// <summary>A copy is not to be believed: the store lost something it had told.</summary>
    public void DistrustAll()
    {
        foreach (var entry in All())
        {
            entry.Shared!.IsStale = true;
            entry.Involve();
        }
    }

    private bool IsOlder(CommittedChange change, [NotNullWhen(true)] out SessionEntry? entry)
    {
        entry = null;
        return PublicId.TryParse(change.Id, out var id) && TryGet(id, out entry) && entry.Shared is { } shared && shared.Version < change.Version;
    }

    private static bool IsPlain(in SessionSnapshot seen) => seen is { State: SessionState.Active, Raising: false, Confirmed: true } && seen.SelfDestructAt.IsNever;

    private TimeSpan NotRunning(SharedState shared) => _node.Clock.TakenOff - shared.TakenOffAtStart;

    private Moment Due(SessionSnapshot seen) => Clockwork.NextDue(seen, _timingsOf(seen), Now);

    private Moment Bound(SessionEntry entry, in SessionSnapshot seen, Moment nextDue) => Moment.Earlier(nextDue, _touches.MemoryEnd(entry, seen));

    private ValueTask FollowAsync(SessionEntry entry, SessionRecord? record) => _follower.FollowInTurnAsync(entry, record);

    private async ValueTask<SessionEntry?> AdoptAsync(SessionRecord record, SessionId? secret)
    {
        var entry = _follower.Adopt(record, secret);
        if (entry?.Shared is { } shared && shared.Version < record.Version)
        {
            await FollowAsync(entry, record);
        }

        return entry is { IsEnded: false } ? entry : null;
    }

    private async ValueTask ReloadAsync(SessionEntry entry) => await FollowAsync(entry, await _reader.LoadAsync(entry.Id));

    private async ValueTask<bool> TouchAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        var (shared, clock) = (entry.Shared!, _node.Clock);
        if (shared.IsStale)
        {
            // What it was is over. Where the store does not tell, nobody knows.
            await ReloadAsync(entry);
            return false;
        }

        var hasLease = clock.HasLease;
        if (!hasLease && !_gate.IsAway && await _node.Beat() && clock.HasLease)
        {
            // The clock stood: what is due is to be looked at anew, by the right time.
            return false;
        }

        var fromMemory = hasLease && IsPlain(seen) && _touches.MemoryEnd(entry, seen) > Now;
        await shared.Turn.EnterAsync();
        try
        {
            if (!await base.TryTouchAsync(entry, seen, next, Bound(entry, next, nextDue)))
            {
                return false;
            }
        }
        finally
        {
            shared.Turn.Leave();
        }

        _touches.Mark(entry);
        if (fromMemory)
        {
            return true;
        }

        try
        {
            await _touches.AskAsync(entry);
            return !entry.IsEnded;
        }
        catch (SessionStoreUnavailableException)
        {
            // A plain session far from its end is served on for a while: the clock stands, so nothing comes nearer. Not by a node that has only stood
            // still itself: the store is there, and tells what the others have ended.
            if (_gate.IsAway && IsPlain(seen) && !shared.IsStale && _touches.MemoryEnd(entry, seen) > Now && clock.SinceHeard < _options.StoreOutageTolerance)
            {
                return true;
            }

            throw;
        }
    }

    private async ValueTask<PlacementResult> PlaceAsync(SessionEntry entry, SessionOwner owner)
    {
        // Counted by what the store has: other nodes' sessions have places, too.
        if (Limits.MaxSessionsPerBrowser is { } perBrowser
            && owner.BrowserId is { } browser
            && entry.Owner.BrowserId is var bound
            && await OthersAsync(entry, new(Browser: browser), perBrowser) >= perBrowser
            && (bound != browser || entry.Shared!.Version == 0))
        {
            return PlacementResult.BrowserFull;
        }

        return Limits.MaxSessionsPerUser is { } perUser
            && owner.User is { } user
            && await OthersAsync(entry, new(User: user), perUser) >= perUser
                ? PlacementResult.UserFull
                : PlacementResult.Added;
    }

    private async ValueTask<int> OthersAsync(SessionEntry entry, SessionFilter filter, int most)
    {
        var count = 0;
        await foreach (var record in _reader.ListAsync(filter, after: null, most + 1))
        {
            count += string.Equals(record.Id, entry.Id.ToString(), StringComparison.Ordinal) ? 0 : 1;
        }

        return count;
    }

    private void OnWritten(SessionEntry entry)
    {
        FollowCommit(entry);
        if (entry.IsEnded)
        {
            _ended.Add(entry, isOurs: true);
        }
        else
        {
            _ended.EventRaised();
        }
    }
}
