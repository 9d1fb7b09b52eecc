using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
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
    private const int SavesAtOnce = 1_024;

    /// <summary>The first read may have been under way, the second may join one that was: the third has begun after what is known.</summary>
    private const int SureReads = 3;
    private static readonly TimeSpan s_longestTrim = TimeSpan.FromSeconds(30);

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
    private readonly ConcurrentDictionary<SessionEntry, SessionEndReason> _ends = [];
    private readonly TimeSpan _storeLooks;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly TimeSpan _exitPatience;
    private readonly HeardChanges _heard;
    private readonly Lock _unreadLock = new();
    private readonly HashSet<SessionEntry> _unread = [];
    private readonly Queue<SessionEntry> _unreadInOrder = new();
    private Moment _nextLookIntoStore;
    private int _hasWarned;

    public SharedSessionDirectory(
        NodeState node,
        StoreGate gate,
        SessionStoreOptions options,
        SessionClock clock,
        SessionDirectoryLimits limits,
        Func<SessionSnapshot, SessionTimings> timingsOf,
        Func<SessionEventKind, bool> wants,
        IWorkScheduler scheduler,
        TimeProvider time,
        ILogger<SharedSessionDirectory> logger)
        : base(clock, limits with { SweepInterval = node.Pace.Flush })
    {
        (_storeLooks, _logger, _time) = (limits.SweepInterval, logger, time);
        _exitPatience = limits.ExitPatience + node.Pace.LiveFor;
        (_node, _gate, _options, _timingsOf) = (node, gate, options, timingsOf);
        bool IsWanted(SessionEventKind kind) => wants(kind) || node.OthersWant(kind);
        _events = new(IsWanted, timingsOf);
        _ended = new(node, () => wants(SessionEventKind.ApplicationExit), () => IsWanted(SessionEventKind.ApplicationExit));
        _heard = new(time, node.Pace.Guard);
        _reader = new(node, gate, time);
        _touches = new(node, gate, scheduler, Read, Due, FollowAsync, OnLiveObjects);
        _follower = new(this, timingsOf, NotRunning, (entry, seen) => _touches.MemoryEnd(entry, seen), OnEndedElsewhere);
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
        if (entry.Shared is { } shared)
        {
            seen.NotRunning = NotRunning(shared);
            seen.LastArrival = Moment.Later(seen.LastArrival, shared.FastArrival);
        }

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

            // Known before it is written: a list that reads its record meanwhile makes no second entry of it, and waits for the turn.
            Adopt(entry, hasSecret: true);
            var isWritten = false;
            try
            {
                var answer = await _writer.InsertAsync(entry, nextDue);
                if (answer.Status != CommitStatus.Written)
                {
                    throw new InvalidOperationException("The store has a session of this public id already.");
                }

                isWritten = true;
                SessionRecords.Follow(shared, answer.Current!, SessionRecords.DetailsOf(answer.Current!), entry.OnlySecret, entry.Browser);
                entry.Refresh(entry.Read(), Bound(entry, Read(entry), nextDue));
                FollowCommit(entry);
                return PlacementResult.Added;
            }
            finally
            {
                if (!isWritten)
                {
                    Drop(entry);
                }
            }
        }
        finally
        {
            shared.Turn.Leave();
        }
    }

    public override bool TryKeepTouch(SessionEntry entry, Moment now)
    {
        entry.Shared!.Arrive(now);
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

    public override bool TryAttachPage(SessionEntry entry, PageId page, PageId tab, Moment now, TimeSpan signalTimeout)
    {
        var shared = entry.Shared!;
        lock (shared.PageLock)
        {
            if (!base.TryAttachPage(entry, page, tab, now, signalTimeout))
            {
                return false;
            }

            shared.AddPageChange(new(page, tab, now));
            return true;
        }
    }

    public override bool TryDetachPage(SessionEntry entry, PageId page, PageDetach detach, Moment now, TimeSpan signalTimeout, out int openPages)
    {
        var shared = entry.Shared!;
        lock (shared.PageLock)
        {
            if (!base.TryDetachPage(entry, page, detach, now, signalTimeout, out openPages))
            {
                return false;
            }

            shared.AddPageChange(new(page, PageId.None, now, detach));
        }

        // A page that leaves does not ask again where the write fails.
        MarkChanged(entry);
        return true;
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

        if (isAbsolute || _node.HasAllUpTo(Moment.Later(Moment.Later(rule, entry.Shared!.DecideAfter), _node.DecideAfter)))
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
        while (!entry.IsEnded)
        {
            // What was seen first: pages that another look unloads meanwhile are those of a session that has moved on.
            var seen = Read(entry);
            if (entry.Unloaded(now, signalTimeout) is not { Count: > 0 } unloaded)
            {
                return;
            }

            await _writer.TryWriteAsync(entry, seen, seen, Due(seen), ignoreTouches: true, unloaded);
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
        for (var left = _changed.Count; left > 0;)
        {
            // Together, so that they share their commits.
            var saving = new List<(SessionEntry Entry, Task Saved)>();
            for (; left > 0 && saving.Count < SavesAtOnce && _changed.TryDequeue(out var entry); left--)
            {
                if (entry.Shared!.IsChanged)
                {
                    saving.Add((entry, SaveAsync(entry).AsTask()));
                }
            }

            if (saving.Count == 0)
            {
                break;
            }

            await WhenAllAsync(saving, MarkChanged);
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

    public override ValueTask<PlacementResult> CountAgainAsync(SessionEntry entry, SessionOwner owner) => CountAsync(entry, owner, countsBrowser: true);

    public override async ValueTask TakeBackAsync(SessionEntry entry)
    {
        entry.Shared!.IsTakenBack = true;
        while (!entry.IsEnded)
        {
            var seen = Read(entry);
            var next = seen;
            Clockwork.End(ref next, SessionEndReason.Displaced, Now, _timingsOf(seen), Now);
            await _writer.TryWriteAsync(entry, seen, next, Moment.Never, ignoreTouches: true);
        }
    }

    public override bool IsHome(SessionEntry entry) =>
        entry.Shared!.Home is not { } home || string.Equals(home, _node.Id, StringComparison.Ordinal) || !_node.IsLive(home);

    public override async ValueTask<bool> TryReadAnewAsync(SessionEntry entry)
    {
        var before = entry.Shared!.Version;
        await ReloadAsync(entry);
        return entry.Shared.Version != before || entry.IsEnded;
    }

    public override bool TryKeepEnd(SessionEntry entry, SessionEndReason reason)
    {
        entry.Shared!.IsEnding = true;
        _ends.TryAdd(entry, reason);
        entry.Involve();
        return true;
    }

    /// <summary>Sessions that are to end, and why, which the store could not be told yet.</summary>
    public ConcurrentDictionary<SessionEntry, SessionEndReason> EndsNotWritten => _ends;

    public override Task WhenExitedAsync(SessionEntry entry, Task completion) =>
        // Another node may deliver it, and die on the way: nobody waits for ever.
        TimedWait.ForAsync(Task.WhenAll(entry.Shared!.Told, completion), _exitPatience, _time);

    /// <summary>Forgets some of what ended long ago, in the store.</summary>
    /// <returns>How many; 0 when there are no more.</returns>
    public async ValueTask<int> TrimAsync()
    {
        var before = Now - Limits.EndedSessionRetention;
        return await _gate.CallAsync("forgetting ended sessions", (store, stop) => store.TrimAsync(SessionRecords.Span(before), stop), limit: s_longestTrim);
    }

    /// <summary>News of commits elsewhere: nothing is answered from older copies any more.</summary>
    public void Distrust(IReadOnlyList<CommittedChange> changes)
    {
        _heard.Add(changes);
        foreach (var change in changes)
        {
            if (IsOlder(change, out var entry))
            {
                entry.Shared!.Hear(change.Version);
                entry.Involve();
                ReadLater(entry);
            }
        }
    }

    /// <summary>News of events that were delivered elsewhere.</summary>
    public void HeedTold(IReadOnlyList<CommittedChange> changes)
    {
        foreach (var change in changes)
        {
            if (change is { IsEnded: true, IsTold: true } && PublicId.TryParse(change.Id, out var id))
            {
                if (TryGet(id, out var known))
                {
                    // Its end is not known here yet.
                    known.Shared!.IsToldEarly = true;
                }

                _ended.Told(id);
            }
        }
    }

    /// <summary>Brings the stamps of an entry to the store, and follows its record.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public Task AskAsync(SessionEntry entry) => _touches.AskAsync(entry);

    /// <summary>Makes entries that are known to be older follow their records, in batches. What cannot be read stays for the next time.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask ReadNewsAsync()
    {
        await WhenAllAsync(TakeUnread().ConvertAll(entry => (entry, ReadAsync(entry).AsTask())), ReadLater);

        // A touch tells what moved on: many in one call.
        async ValueTask ReadAsync(SessionEntry entry)
        {
            await _touches.AskAsync(entry);
            if (entry is { IsEnded: false, Shared.IsStale: true })
            {
                await ReloadAsync(entry);
            }
        }
    }

    /// <summary>A copy is not to be believed: the store lost something it had told.</summary>
    public void DistrustAll()
    {
        _heard.Clear();
        foreach (var entry in All())
        {
            entry.Shared!.ForgetHeard();
            entry.Shared.IsStale = true;
            entry.Involve();
            ReadLater(entry);
        }
    }

    /// <summary>Other durations are in force: every entry is looked at with the next sweep.</summary>
    public void RescheduleAll()
    {
        foreach (var entry in All())
        {
            entry.Refresh(entry.Read(), Now);
            base.Reschedule(entry, Now);
        }
    }

    private void ReadLater(SessionEntry entry)
    {
        lock (_unreadLock)
        {
            if (_unread.Add(entry))
            {
                _unreadInOrder.Enqueue(entry);
            }
        }
    }

    private List<SessionEntry> TakeUnread()
    {
        lock (_unreadLock)
        {
            List<SessionEntry> taken = [.. _unreadInOrder];
            _unread.Clear();
            _unreadInOrder.Clear();
            return taken.FindAll(static entry => entry is { IsEnded: false, Shared.IsStale: true });
        }
    }

    /// <summary>Waits for all. Those that fail are kept for another time, whatever the failure; the first is thrown when all are over.</summary>
    private static async ValueTask WhenAllAsync(List<(SessionEntry Entry, Task Step)> running, Action<SessionEntry> keep)
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var (entry, step) in running)
        {
            try
            {
                await step;
            }
            catch (Exception exception)
            {
                keep(entry);
                failure ??= ExceptionDispatchInfo.Capture(exception);
            }
        }

        failure?.Throw();
    }

    private void OnEndedElsewhere(SessionEntry entry, bool isForgotten)
    {
        _ended.Add(entry, isOurs: false);
        if (isForgotten)
        {
            // Its events stand in no outbox.
            _ended.Told(entry.Id);
        }
    }

    private bool IsOlder(CommittedChange change, [NotNullWhen(true)] out SessionEntry? entry)
    {
        entry = null;
        return PublicId.TryParse(change.Id, out var id) && TryGet(id, out entry) && entry.Shared is { } shared && shared.Version < change.Version;
    }

    /// <summary>Something of this process belongs to a session: what is live here is to be told here, and disposed after that.</summary>
    private void OnLiveObjects(SessionEntry entry)
    {
        var shared = entry.Shared!;
        if (!_node.IsLive(shared.Home))
        {
            shared.WantsHome = true;
            MarkChanged(entry);
        }
        else if (!IsHome(entry) && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            _logger.LiveObjectsElsewhere(entry.Id.ToString());
        }
    }

    private static bool IsPlain(in SessionSnapshot seen) => seen is { State: SessionState.Active, Raising: false, Confirmed: true } && seen.SelfDestructAt.IsNever;

    private TimeSpan NotRunning(SharedState shared) => _node.Clock.TakenOff - shared.TakenOffAtStart;

    private Moment Due(SessionSnapshot seen) => Clockwork.NextDue(seen, _timingsOf(seen), Now);

    private Moment Bound(SessionEntry entry, in SessionSnapshot seen, Moment nextDue) => Moment.Earlier(nextDue, _touches.MemoryEnd(entry, seen));

    private ValueTask FollowAsync(SessionEntry entry, SessionRecord? record) => _follower.FollowInTurnAsync(entry, record);

    private async ValueTask<SessionEntry?> AdoptAsync(SessionRecord record, SessionId? secret)
    {
        var entry = _follower.Adopt(record, secret);
        if (entry?.Shared is { } adopted && _heard.VersionOf(record.Id) is var heard && heard > Math.Max(record.Version, adopted.Version))
        {
            // Read before a commit that was heard of meanwhile.
            adopted.Hear(heard);
            entry.Involve();
            await ReloadAsync(entry);
        }

        if (entry?.Shared is { } shared && shared.Version < record.Version)
        {
            await FollowAsync(entry, record);
        }

        return entry is { IsEnded: false } ? entry : null;
    }

    /// <summary>Reads a session again. A read that was under way may be older than what is known; one that begins now is not, unless the store went back.</summary>
    private async ValueTask ReloadAsync(SessionEntry entry)
    {
        var shared = entry.Shared!;
        for (var read = 1; ; read++)
        {
            var known = Math.Max(shared.Version, shared.HeardVersion);
            var record = await _reader.LoadAsync(entry.Id);
            var isOlder = record?.Version < known;
            if (!isOlder || read == SureReads)
            {
                await _follower.FollowInTurnAsync(entry, record, wentBack: isOlder);
                return;
            }
        }
    }

    private async ValueTask<bool> TouchAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        var (shared, clock) = (entry.Shared!, _node.Clock);
        if (shared.IsEnding)
        {
            throw new SessionStoreUnavailableException("The session is to end; the store could not be told yet.");
        }

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
            if (shared.IsStale || !await base.TryTouchAsync(entry, seen, next, Bound(entry, next, nextDue)))
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

    /// <summary>Whether there is a place, before it is taken. A session that is its browser's already has one there.</summary>
    private ValueTask<PlacementResult> PlaceAsync(SessionEntry entry, SessionOwner owner) =>
        CountAsync(entry, owner, countsBrowser: entry.Owner.BrowserId != owner.BrowserId || entry.Shared!.Version == 0);

    /// <summary>Counted by what the store has: other nodes' sessions have places, too.</summary>
    private async ValueTask<PlacementResult> CountAsync(SessionEntry entry, SessionOwner owner, bool countsBrowser)
    {
        if (countsBrowser
            && Limits.MaxSessionsPerBrowser is { } perBrowser
            && owner.BrowserId is { } browser
            && await OthersAsync(entry, new(Browser: browser), perBrowser) >= perBrowser)
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
        if (entry.IsEnded && !entry.Shared!.IsTakenBack)
        {
            _ended.Add(entry, isOurs: true);
        }
        else
        {
            _ended.EventRaised();
        }
    }
}
