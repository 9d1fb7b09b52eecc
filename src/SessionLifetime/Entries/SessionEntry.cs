using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>
/// One session as the directory keeps it: its ids, its clocks, its pages, and the one atomic step that changes them.
/// </summary>
/// <remarks>
/// <para>
/// Life: made by the engine, added to the directory, touched by pings, activity reports and requests, looked at by them and by the sweep,
/// committed to its end exactly once, removed from the directory. Its public object (<c>TabSession</c>) is made when it is first asked for.
/// An idle session is this one object: its page is part of it, it is its own node in the directory's tables and in its due index (the
/// fields for that are the directory's, each written under that table's lock), and what most sessions never have stands in an
/// <see cref="OptionalState"/>.
/// </para>
/// <para>
/// Two kinds of writers meet here. A <i>touch</i> only moves a stamp forward and takes no lock (activity one stamp, other signals the
/// other: the last signal is the later of the two). A <i>commit</i> replaces what
/// was seen by what was decided, inside the gate, and only if nothing moved. They are joined as in Dekker's algorithm: a touch writes
/// its stamps, then (full fence) reads the mode; a commit writes the mode <see cref="Mode.Deciding"/>, then (full fence) reads the
/// stamps. So one of the two always sees the other: either the commit finds the stamp and fails, or the touch finds the mode and
/// takes the slow path through the gate. A touch that was told "alive" is therefore never followed by an end that ignores it. Moving a
/// stamp is the touch's fence; where it stands at now already, a fence of its own is.
/// </para>
/// <para>
/// <see cref="_nextDue"/> is a lower bound of the first moment at which a rule may come due. Touches only push deadlines away, so it
/// stays a lower bound without being written; before it, a touch needs to evaluate nothing.
/// </para>
/// <para>
/// The gate is a spin lock of one word, held for a few comparisons and writes (for a page that comes or goes, for a pass over at most 32
/// pages). A plain signal never takes it; a request that holds the clocks takes it when it begins and when it completes. User code and
/// I/O never run inside.
/// </para>
/// <para>
/// It is longer than a file should be because everything that enters the gate has to stand in one place to be judged. It names
/// <see cref="RequestHold"/>, which names it: a hold is a node in a list of its entry.
/// </para>
/// </remarks>
internal sealed class SessionEntry
{
    // References first and then words, each as they are declared: that is how the runtime lays them out. What a look at a session touches
    // stands together, and what finds it beside what stamps it: of a million sessions, none is in a cache.
    private string? _user;
    private IEntryObserver? _observer;
    private OptionalState _optional = OptionalState.None;
    private ulong _secretHigh;
    private ulong _secretLow;
    private long _nextDue = long.MaxValue;
    private long _lastActivity;
    private long _lastSignal;
    private readonly long _startedAt;
    private int _mode;
    private uint _version;
    private int _requests;
    internal int Number;
    internal int NextBySecret;
    internal int NextById;
    internal int SlotIndex;
    internal short Slot;
    private byte _state;
    private byte _endReason;
    private bool _isBound;
    private bool _isRaising;
    private bool _isConfirmed;
    private SpinGate _gate;

    /// <summary>The newest first. Each holds equally long, so the newest holds longest.</summary>
    private IntrusiveStack<RequestHold> _activityHolds;

    private PageSet _pages;
    private BrowserKey _browser;
    internal BrowserPlace Browsers;

    public SessionEntry(SessionId secret, PublicId id, Moment now, SessionOwner owner = default, TimeoutOverrides? overrides = null)
    {
        (_secretHigh, _secretLow) = (secret.High, secret.Low);
        Id = id;
        _startedAt = now.Ticks;
        _lastActivity = _lastSignal = now.Ticks;
        Write(owner);
        if (overrides is not null)
        {
            _optional = new() { Overrides = overrides };
        }
    }

    /// <summary>One that was read from a backing store.</summary>
    /// <param name="secret">The secret it was asked for by; default where it was found otherwise.</param>
    /// <param name="id">Its public id.</param>
    /// <param name="read">What the record says.</param>
    /// <param name="pages">Its pages.</param>
    /// <param name="shared">What is known of the record.</param>
    public SessionEntry(SessionId secret, PublicId id, in SessionSnapshot read, IEnumerable<SessionPage> pages, SharedState shared)
        : this(secret, id, read.StartedAt, read.Owner)
    {
        _optional = new() { Shared = shared };
        _pages.Restore(pages);
        Apply(read, Moment.Never);
    }

    /// <summary>What a touch has to know of the session.</summary>
    private static class Mode
    {
        /// <summary>Something is to be evaluated or reset: touches go through the gate.</summary>
        public const int Involved = 0;

        /// <summary>A touch needs the stamps only.</summary>
        public const int Plain = 1;

        /// <summary>A commit is comparing the stamps right now.</summary>
        public const int Deciding = 2;

        /// <summary>Over.</summary>
        public const int Ended = 3;
    }

    /// <summary>The secret it started with; the one it has, until it is given another.</summary>
    public SessionId Secret => new(_secretHigh, _secretLow);

    /// <summary>The secret it started with, where it was never given another, and where it is known; otherwise none.</summary>
    public SessionId OnlySecret => Rotated is null ? Secret : default;

    /// <summary>Completes when the <c>SessionTimeout</c> handlers that are being asked have answered; null while none are.</summary>
    public Task? Answer => Volatile.Read(ref Volatile.Read(ref _optional).Answer);

    /// <summary>All its secrets, once it was given another.</summary>
    public RotatedIds? Rotated => Volatile.Read(ref Volatile.Read(ref _optional).Rotated);

    public PublicId Id { get; }

    public bool IsEnded => Volatile.Read(ref _mode) == Mode.Ended;

    /// <summary>Whose it is, as far as anybody has told.</summary>
    public SessionOwner Owner => IsBound ? new(_browser, new BrowserId(Volatile.Read(ref Browsers.Of)), User) : new(BrowserKey.None, User);

    /// <summary>Whether it belongs to a browser. Once it does, that stays.</summary>
    public bool IsBound => Volatile.Read(ref _isBound);

    /// <summary>The key of that browser.</summary>
    public BrowserKey Browser => IsBound ? _browser : BrowserKey.None;

    /// <summary>The user it belongs to, or null.</summary>
    public string? User => Volatile.Read(ref _user);

    public Moment LastActivity => new(Volatile.Read(ref _lastActivity));

    /// <summary>Activity is a signal.</summary>
    public Moment LastSignal => new(Math.Max(Volatile.Read(ref _lastSignal), Volatile.Read(ref _lastActivity)));

    public Moment StartedAt => new(_startedAt);

    /// <summary>The session's public object; null until somebody asks for it.</summary>
    public IEntryObserver? Observer => Volatile.Read(ref _observer);

    /// <summary>Sets the session's public object once.</summary>
    /// <returns>The one that is set: the caller's, or that of whoever was first.</returns>
    public IEntryObserver SetObserver(IEntryObserver made) => Interlocked.CompareExchange(ref _observer, made, null) ?? made;

    /// <summary>Replaces its secrets, if they are still as they were seen.</summary>
    public bool TryRotate(RotatedIds? seen, RotatedIds next)
    {
        _gate.Enter();
        var isAsSeen = _optional.Rotated == seen;
        if (isAsSeen)
        {
            Volatile.Write(ref GetOptional().Rotated, next);
        }

        _gate.Leave();
        return isAsSeen;
    }

    /// <summary>The secret a browser shall have instead of the one it sent; null when that is the newest.</summary>
    /// <remarks>Where the session is in a backing store, a new one is told when it stands there: another node shall know it.</remarks>
    public SessionId? NewerThan(SessionId sent)
    {
        if (Rotated is not { } ids)
        {
            return null;
        }

        var newest = ids.Pending is { } pending && Shared is { } shared && !shared.Knows(pending) ? ids.Current : ids.Newest;
        return newest != sent ? newest : null;
    }

    /// <summary>Whether a request has the session, or is about to find out whether it still may.</summary>
    public bool HasRequests => Volatile.Read(ref _requests) != 0;

    /// <summary>
    /// A request is about to use the session: what it owns is not disposed before <see cref="LeaveRequest"/>. Counted before the request
    /// looks whether the session lives, or in the same step, so that an end either is seen by the request, or sees it.
    /// </summary>
    public void EnterRequest()
    {
        _gate.Enter();
        _requests++;
        _gate.Leave();
    }

    /// <summary>A request is done with the session, and holds nothing.</summary>
    public void LeaveRequest()
    {
        _gate.Enter();
        _requests--;
        LeaveGateAfterRequest();
    }

    /// <summary>Before the directory has it: when it must be looked at first, and whether it counts as heard of from the start.</summary>
    public void Prepare(Moment nextDue, bool isConfirmed)
    {
        _isConfirmed = isConfirmed;
        _nextDue = nextDue.Ticks;
        _mode = isConfirmed ? Mode.Plain : Mode.Involved;
    }

    /// <summary>
    /// The fast path of a signal: true when the session was alive, nothing was due, and the stamps are written. False says nothing:
    /// the caller looks and counts through the gate.
    /// </summary>
    public bool TryTouch(Moment now, bool isActivity)
    {
        if (now.Ticks >= Volatile.Read(ref _nextDue) || Volatile.Read(ref _mode) != Mode.Plain)
        {
            return false;
        }

        if (!TryMoveForward(ref isActivity ? ref _lastActivity : ref _lastSignal, now.Ticks))
        {
            Interlocked.MemoryBarrier();
        }

        return Volatile.Read(ref _mode) == Mode.Plain;
    }

    /// <summary>
    /// The fast path of a request that holds the clocks while it is in flight; as <see cref="TryTouch"/>. Where it is true, the request
    /// has entered.
    /// </summary>
    public bool TryBegin(RequestHold hold, Moment now)
    {
        _gate.Enter();
        var isPlain = now.Ticks < _nextDue && _mode == Mode.Plain;
        if (isPlain)
        {
            _requests++;
            hold.Move(LastActivity, now);
            Link(hold, now);
        }

        _gate.Leave();
        return isPlain;
    }

    /// <summary>Lets a request hold whose signal has been counted already. False when the session has ended.</summary>
    public bool TryHold(RequestHold hold, Moment now)
    {
        _gate.Enter();
        var lives = _mode != Mode.Ended;
        if (lives)
        {
            Link(hold, now);
        }

        _gate.Leave();
        return lives;
    }

    /// <summary>The request completed, or stopped being one that holds. Both clocks are stamped; a second call does nothing.</summary>
    public void Release(RequestHold hold, Moment now)
    {
        _gate.Enter();
        Unlink(hold, now);
        _gate.Leave();
    }

    /// <summary>The request completed, and is done with the session: <see cref="Release"/> and <see cref="LeaveRequest"/> in one step.</summary>
    public void Leave(RequestHold hold, Moment now)
    {
        _gate.Enter();
        Unlink(hold, now);
        _requests--;
        LeaveGateAfterRequest();
    }

    /// <summary>It will be looked at shortly: asks the processor for its memory.</summary>
    public void Prefetch()
    {
        ReadAhead.Of(in _user);
        ReadAhead.Of(in _mode);
        ReadAhead.Of(in _pages);
        ReadAhead.Of(in Browsers);
    }

    /// <summary>What the clockwork may judge, in one consistent piece.</summary>
    public SessionSnapshot Read()
    {
        _gate.Enter();
        var seen = new SessionSnapshot
        {
            StartedAt = StartedAt,
            LastActivity = LastActivity,
            LastSignal = LastSignal,
            Owner = Owner,
            Version = _version,
            State = (SessionState)_state,
            Raising = _isRaising,
            Confirmed = _isConfirmed,
            EndReason = (SessionEndReason)_endReason,
            ActivityHeldUntil = _activityHolds.First?.Until ?? Moment.Before,
        };
        _optional.Read(ref seen);
        seen.SignalHeldUntil = Moment.Later(seen.ActivityHeldUntil, seen.SignalHeldUntil);
        _gate.Leave();
        return seen;
    }

    /// <summary>
    /// Replaces <paramref name="seen"/> by <paramref name="next"/> if the session is still as it was seen. This is the one step that
    /// decides who won; exactly one caller commits the end.
    /// </summary>
    /// <param name="seen">What <see cref="Read"/> gave.</param>
    /// <param name="next">What shall be.</param>
    /// <param name="nextDue">The first moment at which a rule may come due, seen from <paramref name="next"/>.</param>
    /// <param name="ignoreTouches">Whether the decision stands however often the session was touched since: an exit, a revocation.</param>
    /// <param name="answer">Completes when the handlers of a raise that this decision begins have answered.</param>
    public bool TryCommit(in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue, bool ignoreTouches = false, Task? answer = null)
    {
        // Made outside: nothing may fail once the mode says that something is being decided.
        var optional = OptionalStateFor(next);
        _gate.Enter();
        var mode = _mode;
        var isAsSeen = IsAsSeen(seen, ignoreTouches);
        if (isAsSeen)
        {
            Replace(next, optional, nextDue, answer);
        }
        else
        {
            Volatile.Write(ref _mode, mode);
        }

        _gate.Leave();
        return isAsSeen;
    }

    /// <summary>
    /// Keeps the session as it was seen while a decision is written to a backing store: touches take the slow path, which waits for
    /// <see cref="Apply"/> or <see cref="CancelReservation"/>. False when the session moved on.
    /// </summary>
    public bool TryReserve(in SessionSnapshot seen, bool ignoreTouches)
    {
        _gate.Enter();
        var mode = _mode;
        var isAsSeen = IsAsSeen(seen, ignoreTouches);
        Volatile.Write(ref _mode, isAsSeen ? Mode.Involved : mode);
        _gate.Leave();
        return isAsSeen;
    }

    /// <summary>The decision was not written: the session goes on as it was seen.</summary>
    public void CancelReservation(in SessionSnapshot seen)
    {
        _gate.Enter();
        if (_mode != Mode.Ended)
        {
            Volatile.Write(ref _mode, seen.IsPlain && !IsStale ? Mode.Plain : Mode.Involved);
        }

        _gate.Leave();
    }

    /// <summary>Makes the session what a backing store has: what was written there, or was read.</summary>
    public void Apply(in SessionSnapshot next, Moment nextDue, Task? answer = null)
    {
        var optional = OptionalStateFor(next);
        _gate.Enter();
        if (_mode != Mode.Ended)
        {
            Replace(next, optional, nextDue, answer);
        }

        _gate.Leave();
    }

    /// <summary>What the entry keeps where its session is in a backing store, too; null where it is not.</summary>
    public SharedState? Shared => Volatile.Read(ref Volatile.Read(ref _optional).Shared);

    /// <summary>The session is in a backing store, too.</summary>
    public void Share(SharedState shared)
    {
        _gate.Enter();
        Volatile.Write(ref GetOptional().Shared, shared);
        _gate.Leave();
    }

    /// <summary>A request has shown the secret of a session that was read by another key. False when it is known already.</summary>
    public bool TryLearnSecret(SessionId secret)
    {
        _gate.Enter();
        var isNew = (_secretHigh | _secretLow) == 0;
        if (isNew)
        {
            (_secretHigh, _secretLow) = (secret.High, secret.Low);
        }

        _gate.Leave();
        return isNew;
    }

    /// <summary>A request has shown the key of the session's browser, of which only the hash was known.</summary>
    public void LearnBrowser(BrowserKey key)
    {
        _gate.Enter();
        if (_browser.IsNone)
        {
            _browser = key;
        }

        _gate.Leave();
    }

    /// <summary>Makes the pages what a backing store has, and then what happened to them here and is not written yet.</summary>
    public void ReplacePages(IEnumerable<SessionPage> pages, IReadOnlyList<PageChange> changes, TimeSpan signalTimeout)
    {
        var made = default(PageSet);
        made.Restore(pages);
        _gate.Enter();
        try
        {
            made.Apply(changes, signalTimeout);
            _pages = made;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>All pages of the session: open ones, and detached ones.</summary>
    public IReadOnlyList<SessionPage> ReadPages()
    {
        _gate.Enter();
        try
        {
            return _pages.Read();
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Its place with a browser that it was not given to is free. What a session that belongs to one says of it stays, also after its end.</summary>
    public void FreeBrowserPlace()
    {
        _gate.Enter();
        if (!_isBound)
        {
            Volatile.Write(ref Browsers.Of, 0);
        }

        _gate.Leave();
    }

    /// <summary>After a look that found nothing due: moves the lower bound on, unless another thread committed meanwhile.</summary>
    public void Refresh(in SessionSnapshot seen, Moment nextDue)
    {
        _gate.Enter();
        if (_version == seen.Version && _mode != Mode.Ended)
        {
            Volatile.Write(ref _nextDue, Moment.Earlier(nextDue, _pages.NextDue).Ticks);
        }

        _gate.Leave();
    }

    /// <summary>The lower bound of the next moment anybody must look; detached pages included.</summary>
    public Moment NextDue => new(Volatile.Read(ref _nextDue));

    /// <summary>A page attaches. False when the session has ended.</summary>
    public bool TryAttachPage(PageId page, PageId tab, Moment now, TimeSpan signalTimeout)
    {
        _gate.Enter();
        try
        {
            if (_mode == Mode.Ended)
            {
                return false;
            }

            _pages.Attach(page, tab, now, signalTimeout);

            // A decision that was made because no page was open must be made again.
            _version++;
            return true;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>
    /// Whether it matters which page a request comes from. Where there is one page, and it was heard of within the last second, it does not:
    /// nobody asks to the second how long a page has been silent.
    /// </summary>
    public bool ListensToPages(Moment now) => _pages.Listens(now);

    /// <summary>A page was heard of.</summary>
    public void HeardPage(PageId page, Moment now) => _pages.Heard(page, now);

    /// <summary>A page detaches. True when it was open; <paramref name="openPages"/> is what is left without it.</summary>
    public bool TryDetachPage(PageId page, bool persisted, Moment now, TimeSpan grace, TimeSpan signalTimeout, out int openPages)
    {
        _gate.Enter();
        try
        {
            openPages = 0;
            if (_mode == Mode.Ended || !_pages.TryDetach(page, persisted, now, grace, signalTimeout))
            {
                return false;
            }

            openPages = _pages.CountOpen(now, signalTimeout);
            Volatile.Write(ref _nextDue, Math.Min(_nextDue, _pages.NextDue.Ticks));
            return true;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Takes one page whose grace after its detach is over at <paramref name="now"/>; exactly one caller gets each.</summary>
    public bool TryTakeUnloaded(Moment now, TimeSpan signalTimeout, [NotNullWhen(true)] out UnloadedPage? unloaded)
    {
        _gate.Enter();
        try
        {
            return _pages.TryTakeUnloaded(now, signalTimeout, out unloaded);
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>The pages whose grace after their detach is over at <paramref name="now"/>. They stay.</summary>
    public IReadOnlyList<UnloadedPage> Unloaded(Moment now, TimeSpan signalTimeout)
    {
        if (_pages.NextDue > now)
        {
            return [];
        }

        _gate.Enter();
        try
        {
            // On a copy: taking them changes it.
            var copy = default(PageSet);
            copy.Restore(_pages.Read());
            var unloaded = new List<UnloadedPage>();
            while (copy.TryTakeUnloaded(now, signalTimeout, out var page))
            {
                unloaded.Add(page);
            }

            return unloaded;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>Pages are gone.</summary>
    public void RemovePages(IReadOnlyList<UnloadedPage> gone)
    {
        _gate.Enter();
        try
        {
            var left = default(PageSet);
            left.Restore(_pages.Read().Where(page => page.UnloadAt.IsNever || !gone.Any(one => one.Id == page.Id)));
            _pages = left;
        }
        finally
        {
            _gate.Leave();
        }
    }

    /// <summary>When the next detach of a page becomes final.</summary>
    public Moment NextUnload => _pages.NextDue;

    /// <summary>Touches take the slow path from now on, until the session is read again.</summary>
    public void Involve()
    {
        _gate.Enter();
        if (_mode != Mode.Ended)
        {
            Volatile.Write(ref _mode, Mode.Involved);
        }

        _gate.Leave();
    }

    /// <summary>Whether the self-destruct is armed.</summary>
    public bool IsArmed => !Volatile.Read(ref _optional).SelfDestructAt.IsNever;

    /// <summary>Whether it was the detach of this page that armed it.</summary>
    public bool IsArmedBy(PageId page)
    {
        _gate.Enter();
        var armedBy = _optional.SelfDestructAt.IsNever ? PageId.None : _optional.ArmedBy;
        _gate.Leave();
        return !page.IsNone && armedBy == page;
    }

    /// <summary>Whether a page has attached and not detached.</summary>
    public bool IsOpenPage(PageId page) => _pages.IsOpen(page);

    /// <summary>How many pages are open, as far as anybody can know.</summary>
    public int CountOpenPages(Moment now, TimeSpan signalTimeout) => _pages.CountOpen(now, signalTimeout);

    /// <summary>False when the stamp was there already, and nothing was written.</summary>
    private static bool TryMoveForward(ref long stamp, long ticks)
    {
        var seen = Volatile.Read(ref stamp);
        if (seen >= ticks)
        {
            return false;
        }

        long before;
        while ((before = Interlocked.CompareExchange(ref stamp, ticks, seen)) != seen && before < ticks)
        {
            seen = before;
        }

        return true;
    }

    /// <summary>Inside the gate: says that something is being decided, and then looks whether the session is as it was seen.</summary>
    private bool IsAsSeen(in SessionSnapshot seen, bool ignoreTouches)
    {
        if (_mode == Mode.Ended)
        {
            // Never another mode again, not for a moment: whoever adds the session to the directory looks at it without the gate.
            return false;
        }

        Volatile.Write(ref _mode, Mode.Deciding);
        Interlocked.MemoryBarrier();
        var wasTouched = LastActivity != seen.LastActivity || LastSignal != seen.LastSignal;
        return _version == seen.Version && (!wasTouched || ignoreTouches);
    }

    private OptionalState? OptionalStateFor(in SessionSnapshot next) =>
        OptionalState.IsNone(next) || Volatile.Read(ref _optional) != OptionalState.None ? null : new OptionalState();

    /// <summary>Inside the gate.</summary>
    private void Replace(in SessionSnapshot next, OptionalState? optional, Moment nextDue, Task? answer)
    {
        if (optional is not null && _optional == OptionalState.None)
        {
            Volatile.Write(ref _optional, optional);
        }

        if (_optional != OptionalState.None)
        {
            _optional.Write(next, answer);
        }

        _version++;
        _state = (byte)next.State;
        _isRaising = next.Raising;
        _isConfirmed = next.Confirmed;
        _endReason = (byte)next.EndReason;
        Write(next.Owner);
        TryMoveForward(ref _lastActivity, next.LastActivity.Ticks);
        TryMoveForward(ref _lastSignal, next.LastSignal.Ticks);
        var ended = next.State == SessionState.Ended;
        var due = ended ? Moment.Never : Moment.Earlier(nextDue, _pages.NextDue);
        Volatile.Write(ref _nextDue, due.Ticks);
        Volatile.Write(ref _mode, ended ? Mode.Ended : next.IsPlain && !IsStale ? Mode.Plain : Mode.Involved);
    }

    /// <summary>Whether it is known that a backing store has something else.</summary>
    private bool IsStale => _optional.Shared is { IsStale: true };

    private OptionalState GetOptional()
    {
        if (_optional == OptionalState.None)
        {
            Volatile.Write(ref _optional, new());
        }

        return _optional;
    }

    /// <summary>The user is written first: a reader that sees the browser sees the user that came with it.</summary>
    private void Write(in SessionOwner owner)
    {
        Volatile.Write(ref _user, owner.User);
        if (!_isBound && owner.BrowserId is { } id)
        {
            _browser = owner.Browser;
            Volatile.Write(ref Browsers.Of, id.Value);
            Volatile.Write(ref _isBound, true);
        }
    }

    private void Link(RequestHold hold, Moment now)
    {
        if (hold.IsActivity)
        {
            TryMoveForward(ref _lastActivity, now.Ticks);
            hold.LinkInto(ref _activityHolds);
        }
        else
        {
            TryMoveForward(ref _lastSignal, now.Ticks);
            hold.LinkInto(ref GetOptional().AliveHolds);
        }

        _version++;
    }

    private void Unlink(RequestHold hold, Moment now)
    {
        var wasHolding = hold.IsActivity ? _activityHolds.Remove(hold) : _optional.AliveHolds.Remove(hold);
        if (wasHolding && _mode != Mode.Ended)
        {
            TryMoveForward(ref hold.IsActivity ? ref _lastActivity : ref _lastSignal, Moment.Earlier(now, hold.Until).Ticks);
            _version++;
        }
    }

    private void LeaveGateAfterRequest()
    {
        var isLast = _requests == 0 && _mode == Mode.Ended;
        _gate.Leave();
        if (isLast)
        {
            Observer?.OnLastRequestLeft();
        }
    }
}
