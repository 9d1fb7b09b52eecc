using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>
/// The sessions this process knows: found by their secrets, their public ids, their browsers and users, and by when they are next due; and
/// the memory of those that ended lately.
/// </summary>
/// <remarks>
/// <para>All members are thread-safe. The directory's clock rules: every moment given to it, or by it, is on that clock.</para>
/// <para>
/// A touch moves an entry's stamps in place. Everything that may happen only once is a commit: it replaces what was seen by what was decided
/// if the session is still as it was seen. A committed end takes the session out of here and into the memory of ended ones in the same step.
/// </para>
/// </remarks>
internal class SessionDirectory
{
    private readonly SessionClock _clock;
    private readonly SessionTables _tables;
    private volatile bool _isClosed;

    public SessionDirectory(SessionClock clock, SessionDirectoryLimits limits)
    {
        (_clock, Limits) = (clock, limits);
        var registry = new SessionRegistry();
        _tables = new(registry);
        Live = new(registry, _tables, clock, limits);
    }

    /// <summary>How many sessions live.</summary>
    public virtual long Count => Live.Count;

    /// <summary>Whether its sessions end with this process.</summary>
    public virtual bool EndsWithProcess => true;

    /// <summary>The time between two sweeps.</summary>
    public TimeSpan SweepInterval => Limits.SweepInterval;

    /// <summary>Now, on the clock that rules.</summary>
    public Moment Now => _clock.Now;

    /// <summary>
    /// Now, for a touch that is to be answered from memory. <see cref="Moment.Never"/> where this node may answer nothing from memory: a touch at that
    /// moment takes the slow path.
    /// </summary>
    public Moment NowForTouch => _clock.NowForTouch;

    /// <summary>
    /// Whether what a commit raises is delivered later, by the node that takes it from the backing store, and not by whoever committed it.
    /// </summary>
    public virtual bool DeliversLater => false;

    /// <summary>Whether the handlers of <c>SessionTimeout</c> of another process are asked.</summary>
    public virtual bool OthersAreAsked => false;

    /// <summary>What the clockwork may judge of a session, in one consistent piece.</summary>
    public virtual SessionSnapshot Read(SessionEntry entry)
    {
        var seen = entry.Read();
        seen.NotRunning = _clock.NotRunningSince(seen.StartedAt);
        return seen;
    }

    /// <summary>A moment by the wall clock, to show it to people.</summary>
    public DateTimeOffset ToUtc(Moment moment) => _clock.ToUtc(moment);

    /// <summary>Finds a living session without waiting. A secret that was replaced and has run out finds nothing.</summary>
    public bool TryGet(SessionId secret, [NotNullWhen(true)] out SessionEntry? entry) => _tables.TryGet(secret, _clock, out entry);

    /// <summary>Finds a living session wherever it is kept.</summary>
    public virtual ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken) =>
        new(TryGet(secret, out var entry) ? entry : null);

    /// <inheritdoc cref="FindAsync(SessionId, CancellationToken)"/>
    public virtual ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) => new(_tables.TryGet(id, out var entry) ? entry : null);

    /// <summary>What is remembered of an ended session; null when nothing is.</summary>
    public virtual ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) => new(Live.FindEnded(secret));

    /// <summary>The living sessions the filter means in the order of their public ids, from the first above <paramref name="after"/>.</summary>
    public virtual ValueTask<IReadOnlyList<SessionEntry>> ListAsync(
        SessionFilter filter,
        PublicId? after,
        int count,
        CancellationToken cancellationToken) =>
        new(LowestIds.Among(Live.Candidates(filter), filter, after, count));

    /// <summary>Adds a new session, within the limits.</summary>
    public virtual ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken) =>
        new(_isClosed ? PlacementResult.Closed : Live.TryAdd(entry, nextDue));

    /// <summary>
    /// A touch moved the entry's stamps in place, at a moment that <see cref="NowForTouch"/> gave. False where it took so long that it does not count:
    /// it is to be made on the slow path.
    /// </summary>
    public virtual bool TryKeepTouch(SessionEntry entry, Moment now) => true;

    /// <summary>A signal came that is not answered from memory.</summary>
    public virtual void OnSlowSignal(SessionEntry entry, in SignalReport signal) => _ = signal;

    /// <summary>Whether this node may apply a rule now; where not, the session lives on until one may.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="rule">The moment of the rule.</param>
    /// <param name="isAbsolute">Whether it is the absolute timeout.</param>
    public virtual bool MayDecide(SessionEntry entry, Moment rule, bool isAbsolute) => true;

    /// <summary>Commits the unloading of pages whose grace is over, where <see cref="DeliversLater"/>.</summary>
    public virtual ValueTask UnloadPagesAsync(SessionEntry entry, Moment now, TimeSpan signalTimeout) => default;

    /// <summary>After a look that found nothing due: moves the moment of the next look on.</summary>
    /// <returns>False when that moment is not later than <paramref name="now"/>.</returns>
    public virtual bool TryRefresh(SessionEntry entry, in SessionSnapshot seen, Moment nextDue, Moment now)
    {
        entry.Refresh(seen, nextDue);
        return entry.NextDue > now;
    }

    /// <summary>A request that held the entry's clocks has completed: its stamps are to be written to the backing store, where there is one.</summary>
    public virtual void MarkDirty(SessionEntry entry, bool isActivity) => _ = entry;

    /// <summary>A page attaches: to be written to the backing store, where there is one. False when the session has ended.</summary>
    public virtual bool TryAttachPage(SessionEntry entry, PageId page, PageId tab, Moment now, TimeSpan signalTimeout) =>
        entry.TryAttachPage(page, tab, now, signalTimeout);

    /// <summary>
    /// A page detaches: to be written to the backing store, where there is one. True when it was open; <paramref name="openPages"/> is what is left
    /// without it.
    /// </summary>
    public virtual bool TryDetachPage(SessionEntry entry, PageId page, PageDetach detach, Moment now, TimeSpan signalTimeout, out int openPages) =>
        entry.TryDetachPage(page, detach.Persisted, now, detach.Grace, signalTimeout, out openPages);

    /// <summary>Completes when the exit of a session that has ended is delivered, here or by another node.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="completion">Completes when it is done with here.</param>
    public virtual Task WhenExitedAsync(SessionEntry entry, Task completion) => completion;

    /// <summary>
    /// Asks the backing store, where there is one, whether a session is as it is known here, unless that is certain: before an answer that counts no signal.
    /// </summary>
    /// <returns>False where it has changed: look again.</returns>
    public virtual ValueTask<bool> TryConfirmAsync(SessionEntry entry) => new(true);

    /// <summary>Reads a session again from the backing store, where there is one: before a refusal that another node may have made wrong.</summary>
    /// <returns>Whether it had changed.</returns>
    public virtual ValueTask<bool> TryReadAnewAsync(SessionEntry entry) => new(false);

    /// <summary>Keeps the end of a session that could not be written to the backing store: it is served here no more, and ended when the store is back.</summary>
    /// <returns>False where nothing is kept, and the failure is the caller's.</returns>
    public virtual bool TryKeepEnd(SessionEntry entry, SessionEndReason reason) => false;

    /// <summary>Counts once more what a session that has a place now shares its browser and its user with: another process may have given a place at that moment.</summary>
    /// <returns>Added, or what is overfull.</returns>
    public virtual ValueTask<PlacementResult> CountAgainAsync(SessionEntry entry, SessionOwner owner) => new(PlacementResult.Added);

    /// <summary>Takes a session back that nobody has been told of.</summary>
    public virtual ValueTask TakeBackAsync(SessionEntry entry) => default;

    /// <summary>Whether this process holds the session's live objects, as far as there are any.</summary>
    public virtual bool IsHome(SessionEntry entry) => true;

    /// <summary>All entries that are known here.</summary>
    public IEnumerable<SessionEntry> All() => _tables.All();

    /// <summary>Writes everything that moved in memory to the backing store, where there is one.</summary>
    public virtual ValueTask FlushAsync(CancellationToken cancellationToken = default) => default;

    /// <summary>Writes pages and secrets that changed to the backing store, where there is one.</summary>
    public virtual ValueTask SaveAsync(SessionEntry entry) => default;

    /// <summary>The same, with the next flush.</summary>
    public virtual void MarkChanged(SessionEntry entry) => _ = entry;

    /// <summary>As <see cref="TryCommitAsync"/>, for the stamps of a signal and what follows from them.</summary>
    public virtual ValueTask<bool> TryTouchAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue) =>
        new(Live.TryTouch(entry, seen, next, nextDue));

    /// <summary>Replaces <paramref name="seen"/> by <paramref name="next"/> if the session is still as it was seen.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="seen">What was read.</param>
    /// <param name="next">What was decided.</param>
    /// <param name="nextDue">The first moment at which a rule may come due.</param>
    /// <param name="ignoreTouches">Whether the decision stands however often the session was touched since: an exit, a revocation.</param>
    /// <param name="answer">Completes when the handlers of a raise that this decision begins have answered.</param>
    /// <returns>False when the session moved on: look again.</returns>
    public virtual ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        in SessionSnapshot seen,
        in SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches = false,
        Task? answer = null)
    {
        if (!entry.TryCommit(seen, next, nextDue, ignoreTouches, answer))
        {
            return new(false);
        }

        Live.FollowCommit(entry);
        return new(true);
    }

    /// <summary>
    /// Gives a session to the owner that <paramref name="next"/> names, within the limits, as <see cref="TryCommitAsync"/> does everything
    /// else; however often it was touched since.
    /// </summary>
    /// <returns>Added, moved, or full.</returns>
    public virtual ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue)
    {
        // A place first, so that a limit holds however many come at once.
        var place = Live.Enter(entry, next.Owner);
        if (place == PlacementResult.Added && !entry.TryCommit(seen, next, nextDue, ignoreTouches: true))
        {
            place = PlacementResult.Moved;
        }

        Live.Settle(entry, seen.Owner, next.Owner);
        return new(place);
    }

    /// <summary>Finds a session by a further secret of it from now on.</summary>
    public void AddSecret(SessionEntry entry, SessionId secret) => _tables.AddSecret(entry, secret);

    /// <summary>Finds no session by these further secrets any more.</summary>
    public void RemoveSecrets(IEnumerable<SessionId> secrets) => _tables.RemoveSecrets(secrets);

    /// <summary>Takes sessions that may be due by <paramref name="now"/>; each is given to one caller, who puts it back or ends it.</summary>
    /// <param name="due">Filled from the start.</param>
    /// <param name="now">Now.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>How many; zero when none is left.</returns>
    public virtual ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken) =>
        new(Live.TakeDue(due.Span, now));

    /// <summary>Asks the processor for the memory that the ends of these sessions will touch.</summary>
    public void Prefetch(ReadOnlySpan<SessionEntry> entries) => Live.Prefetch(entries);

    /// <summary>Makes sure a living session is looked at by <paramref name="nextDue"/> at the latest.</summary>
    public virtual void Reschedule(SessionEntry entry, Moment nextDue) => Live.PutDue(entry, nextDue);

    /// <summary>Makes sure each of these living sessions is looked at when it is next due.</summary>
    public virtual void Reschedule(ReadOnlySpan<SessionEntry> entries) => Live.PutDue(entries);

    /// <summary>Whether <see cref="Close"/> was called. What was being added at that moment may have got in: its adder ends it.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Adds no session any more.</summary>
    public void Close() => _isClosed = true;

    internal (int Browsers, int Users) CountGroups() => Live.CountGroups();

    /// <summary>The entries that live in this process, and everything they are found by.</summary>
    internal LiveSessions Live { get; }

    internal bool TryGet(PublicId id, [NotNullWhen(true)] out SessionEntry? entry) => _tables.TryGet(id, out entry);

    protected SessionDirectoryLimits Limits { get; }
}
