using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
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
/// and then makes the entry what was written. Commits of one session come one after the other (<see cref="SharedState.EnterTurnAsync"/>).
/// </para>
/// </remarks>
internal sealed class SharedSessionDirectory : SessionDirectory
{
    private static readonly TimeSpan s_longestTrim = TimeSpan.FromSeconds(30);

    private readonly NodeState _node;
    private readonly StoreGate _gate;
    private readonly Func<SessionSnapshot, SessionTimings> _timingsOf;
    private readonly StoredSessions _stored;
    private readonly RecordWriter _writer;
    private readonly EntryTouches _touches;
    private readonly SharedSignals _signals;
    private readonly SharedPlaces _places;
    private readonly SharedCommits _commits;
    private readonly DueRecords _due;
    private readonly ChangedEntries _changed;
    private readonly EntryHomes _homes;
    private readonly TimeProvider _time;
    private readonly TimeSpan _exitPatience;

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
        (_node, _gate, _timingsOf, _time, _exitPatience) = (node, gate, timingsOf, time, limits.ExitPatience + node.Pace.LiveFor);
        bool IsWanted(SessionEventKind kind) => wants(kind) || node.OthersWant(kind);
        Ended = new(node, () => wants(SessionEventKind.ApplicationExit), () => IsWanted(SessionEventKind.ApplicationExit));
        Reader = new(node, gate, time);
        _places = new(Reader, Limits);
        _changed = new(SaveAsync);
        _homes = new(node, MarkChanged, logger);
        _touches = new(node, gate, scheduler, Read, Due, (entry, record) => Follower!.FollowInTurnAsync(entry, record), _homes.OnLiveObjects);
        Follower = new(this, timingsOf, NotRunning, (entry, seen) => _touches.MemoryEnd(entry, seen), OnEndedElsewhere);
        News = new(this, Reader, Follower, Ended, new(time, node.Pace.Guard), AskAsync);
        _stored = new(Reader, Follower, News, clock);
        _signals = new(this, node, gate, options, _touches, News);
        _writer = new(node, gate, scheduler, timingsOf, new(IsWanted, timingsOf), OnWritten, Follower.Follow);
        _commits = new(this, node, _writer, _touches, _places, timingsOf, Limits);
        _due = new(node, gate, News, _touches, limits.SweepInterval);
    }

    /// <summary>What has ended and is known here: what is to be told by this node, and what only has to be let go.</summary>
    public EndedHere Ended { get; }

    public EntryFollower Follower { get; }

    public RecordReader Reader { get; }

    /// <summary>What is heard of commits and deliveries elsewhere.</summary>
    public EntryNews News { get; }

    /// <summary>Sessions that are to end, and why, which the store could not be told yet.</summary>
    public ConcurrentDictionary<SessionEntry, SessionEndReason> KeptEnds { get; } = [];

    public override long Count => _node.Sessions;

    public override bool EndsWithProcess => false;

    public override bool DeliversLater => true;

    public override bool OthersAreAsked => _node.OthersWant(SessionEventKind.SessionTimeout);

    public override SessionSnapshot Read(SessionEntry entry)
    {
        var seen = entry.Read();
        if (entry.Shared is { } shared)
        {
            seen.NotRunning = NotRunning(shared);
            seen.LastArrival = Moment.Later(seen.LastArrival, shared.LastArrival);
        }

        return seen;
    }

    public override ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken) =>
        TryGet(secret, out var known) ? new(known) : _stored.FindAsync(secret);

    public override ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) =>
        TryGet(id, out var known) ? new(known) : _stored.FindAsync(id);

    public override async ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) =>
        await base.FindEndedAsync(secret, cancellationToken) ?? await _stored.FindEndedAsync(secret);

    public override ValueTask<IReadOnlyList<SessionEntry>> ListAsync(SessionFilter filter, PublicId? after, int count, CancellationToken cancellationToken) =>
        _stored.ListAsync(filter, after, count, cancellationToken);

    public override ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken) =>
        IsClosed ? new(PlacementResult.Closed) : _commits.AddAsync(entry, nextDue);

    public override bool TryKeepTouch(SessionEntry entry, Moment now) => _signals.TryKeep(entry, now);

    public override void MarkDirty(SessionEntry entry, bool isActivity) => _signals.Complete(entry, isActivity);

    public override void OnSlowSignal(SessionEntry entry, in SignalReport signal) => _signals.Receive(entry, signal);

    public override ValueTask<bool> TryTouchAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
        _signals.TryTouchAsync(entry, seen, next, nextDue);

    public override ValueTask<bool> TryConfirmAsync(SessionEntry entry) => _signals.TryConfirmAsync(entry);

    public override void MarkChanged(SessionEntry entry) => _changed.Add(entry);

    public override bool TryAttachPage(SessionEntry entry, PageId page, PageId tab, Moment now, TimeSpan signalTimeout) =>
        SharedPages.TryAttach(entry, page, tab, now, signalTimeout);

    public override bool TryDetachPage(SessionEntry entry, PageId page, PageDetach detach, Moment now, TimeSpan signalTimeout, out int openPages)
    {
        var wasOpen = SharedPages.TryDetach(entry, page, detach, now, signalTimeout, out openPages);
        if (wasOpen)
        {
            // A page that leaves does not ask again where the write fails.
            MarkChanged(entry);
        }

        return wasOpen;
    }

    public override ValueTask SaveAsync(SessionEntry entry) => _commits.SaveAsync(entry);

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

    public override ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        in SessionSnapshot seen,
        in SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches = false,
        Task? answer = null) => _writer.TryWriteAsync(entry, seen, next, nextDue, ignoreTouches);

    public override ValueTask UnloadPagesAsync(SessionEntry entry, Moment now, TimeSpan signalTimeout) => _commits.UnloadPagesAsync(entry, now, signalTimeout);

    public override bool TryRefresh(SessionEntry entry, in SessionSnapshot seen, Moment nextDue, Moment now)
    {
        entry.Refresh(seen, _touches.Bound(entry, seen, nextDue));
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
        _commits.TryAssignOwnerAsync(entry, seen, next, nextDue);

    public override async ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken)
    {
        var taken = await base.TakeDueAsync(due, now, cancellationToken);
        return taken > 0 ? taken : await _due.TakeAsync(due, now);
    }

    /// <summary>Brings to the store what moved in memory; see <see cref="EntryTouches.FlushAsync"/>.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask FlushAsync(bool all)
    {
        await _changed.WriteAsync();
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

    public override ValueTask<PlacementResult> CountAgainAsync(SessionEntry entry, SessionOwner owner) => _places.CountAgainAsync(entry, owner);

    public override ValueTask TakeBackAsync(SessionEntry entry) => _commits.TakeBackAsync(entry);

    public override bool IsHome(SessionEntry entry) => _homes.IsHere(entry);

    public override async ValueTask<bool> TryReadAnewAsync(SessionEntry entry)
    {
        var before = entry.Shared!.Version;
        await News.ReloadAsync(entry);
        return entry.Shared.Version != before || entry.IsEnded;
    }

    public override bool TryKeepEnd(SessionEntry entry, SessionEndReason reason)
    {
        entry.Shared!.IsEnding = true;
        KeptEnds.TryAdd(entry, reason);
        entry.Involve();
        return true;
    }

    /// <remarks>Another node may deliver it, and die on the way: nobody waits for ever.</remarks>
    public override Task WhenExitedAsync(SessionEntry entry, Task completion) =>
        TimedWait.ForAsync(Task.WhenAll(entry.Shared!.Told, completion), _exitPatience, _time);

    /// <summary>Forgets some of what ended long ago, in the store.</summary>
    /// <returns>How many; 0 when there are no more.</returns>
    public async ValueTask<int> TrimAsync()
    {
        var before = Now - Limits.EndedSessionRetention;
        return await _gate.CallAsync("forgetting ended sessions", (store, stop) => store.TrimAsync(SessionRecords.Span(before), stop), limit: s_longestTrim);
    }

    /// <summary>Brings the stamps of an entry to the store, and follows its record.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public Task AskAsync(SessionEntry entry) => _touches.AskAsync(entry);

    /// <summary>Other durations are in force: every entry is looked at with the next sweep.</summary>
    public void RescheduleAll()
    {
        foreach (var entry in All())
        {
            entry.Refresh(entry.Read(), Now);
            base.Reschedule(entry, Now);
        }
    }

    private void OnEndedElsewhere(SessionEntry entry, bool isForgotten)
    {
        Ended.Add(entry, isOurs: false);
        if (isForgotten)
        {
            // Its events stand in no outbox.
            Ended.Told(entry.Id);
        }
    }

    private TimeSpan NotRunning(SharedState shared) => _node.Clock.TakenOff - shared.TakenOffAtStart;

    private Moment Due(SessionSnapshot seen) => Clockwork.NextDue(seen, _timingsOf(seen), Now);

    private void OnWritten(SessionEntry entry)
    {
        Live.FollowCommit(entry);
        if (entry.IsEnded && !entry.Shared!.IsTakenBack)
        {
            Ended.Add(entry, isOurs: true);
        }
        else
        {
            Ended.EventRaised();
        }
    }
}
