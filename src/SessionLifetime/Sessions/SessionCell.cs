using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace SessionLifetime;

/// <summary>
/// One session as a store keeps it: its ids, its clocks, its pages, and the one atomic step that changes them.
/// </summary>
/// <remarks>
/// <para>
/// Life: made by the engine, added to a store, touched by pings, activity reports and requests, looked at by them and by the sweep,
/// committed to its end exactly once, forgotten by the store. The public face, <see cref="TabSession"/>, is made when somebody asks.
/// </para>
/// <para>
/// Two kinds of writers meet here. A <i>touch</i> only moves the two stamps forward and takes no lock. A <i>commit</i> replaces what
/// was seen by what was decided, inside the gate, and only if nothing moved. They are joined as in Dekker's algorithm: a touch writes
/// its stamps, then (full fence) reads the mode; a commit writes the mode <see cref="Mode.Deciding"/>, then (full fence) reads the
/// stamps. So one of the two always sees the other: either the commit finds the stamp and fails, or the touch finds the mode and
/// takes the slow path through the gate. A touch that was told "alive" is therefore never followed by an end that ignores it.
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
/// <para>It is longer than a file should be because everything that enters the gate has to stand in one place to be judged.</para>
/// </remarks>
internal sealed class SessionCell
{
    private SessionSnapshot _now;
    private long _nextDue = long.MaxValue;
    private int _gate;
    private int _mode;
    private SessionPages? _pages;
    private RequestHold? _activityHolds;
    private RequestHold? _aliveHolds;
    private TabSession? _face;
    private RotatedIds? _rotated;
    private int _requests;

    public SessionCell(SessionId secret, PublicId id, Moment now, SessionOwner? owner = null, TimeoutOverrides? overrides = null)
    {
        Secret = secret;
        Id = id;
        _now.Owner = owner;
        _now.Overrides = overrides;
        _now.StartedAt = _now.LastActivity = _now.LastSignal = now;
        _now.SelfDestructAt = Moment.Never;
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
    public SessionId Secret { get; }

    /// <summary>All its secrets, once it was given another.</summary>
    public RotatedIds? Rotated => Volatile.Read(ref _rotated);

    public PublicId Id { get; }

    public bool IsEnded => Volatile.Read(ref _mode) == Mode.Ended;

    /// <summary>Whose it is, as far as anybody has told.</summary>
    public SessionOwner? Owner => Volatile.Read(ref _now.Owner);

    /// <summary>The store's bookkeeping of where the session stands in the due index.</summary>
    internal DuePlace DuePlace;

    public Moment LastActivity => new(Volatile.Read(ref Ticks(ref _now.LastActivity)));

    public Moment LastSignal => new(Volatile.Read(ref Ticks(ref _now.LastSignal)));

    public Moment StartedAt => _now.StartedAt;

    /// <summary>The public face, if somebody asked for it already.</summary>
    public TabSession? Face => Volatile.Read(ref _face);

    public TabSession GetFace(ITabSessionController controller) =>
        Face ?? Interlocked.CompareExchange(ref _face, new TabSession(this, controller), null) ?? _face;

    /// <summary>Replaces its secrets, if they are still as they were seen.</summary>
    public bool TryRotate(RotatedIds? seen, RotatedIds next) => Interlocked.CompareExchange(ref _rotated, next, seen) == seen;

    /// <summary>The secret a browser shall have instead of the one it sent; null when that is the newest.</summary>
    public SessionId? NewerThan(SessionId sent) => Rotated is { } ids && ids.Newest != sent ? ids.Newest : null;

    /// <summary>Whether a request has the session, or is about to find out whether it still may.</summary>
    public bool HasRequests => Volatile.Read(ref _requests) != 0;

    /// <summary>
    /// A request is about to use the session: what it owns is not disposed before <see cref="LeaveRequest"/>. Counted before the request
    /// looks whether the session lives, so that an end either is seen by the request, or sees it.
    /// </summary>
    public void EnterRequest() => Interlocked.Increment(ref _requests);

    public void LeaveRequest()
    {
        if (Interlocked.Decrement(ref _requests) == 0 && IsEnded)
        {
            Face?.EstateIfAny?.LastRequestLeft();
        }
    }

    /// <summary>Before the store has it: when it must be looked at first, and whether it counts as heard of from the start.</summary>
    public void Prepare(Moment nextDue, bool isConfirmed)
    {
        _now.Confirmed = isConfirmed;
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

        Stamp(now, isActivity);
        Interlocked.MemoryBarrier();
        return Volatile.Read(ref _mode) == Mode.Plain;
    }

    /// <summary>The fast path of a request that holds the clocks while it is in flight; as <see cref="TryTouch"/>.</summary>
    public bool TryBegin(RequestHold hold, Moment now)
    {
        Enter();
        try
        {
            if (now.Ticks >= _nextDue || _mode != Mode.Plain)
            {
                return false;
            }

            Link(hold, now);
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Lets a request hold whose signal has been counted already. False when the session has ended.</summary>
    public bool TryHold(RequestHold hold, Moment now)
    {
        Enter();
        try
        {
            if (_mode == Mode.Ended)
            {
                return false;
            }

            Link(hold, now);
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The request completed, or stopped being one that holds. Both clocks are stamped; a second call does nothing.</summary>
    public void Release(RequestHold hold, Moment now)
    {
        Enter();
        try
        {
            if (!hold.IsHolding)
            {
                return;
            }

            Unlink(hold);
            if (_mode != Mode.Ended)
            {
                Stamp(Moment.Earlier(now, hold.Until), hold.IsActivity);
                _now.Version++;
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>What the clockwork may judge, in one consistent piece.</summary>
    public SessionSnapshot Read()
    {
        Enter();
        try
        {
            // The newest stands first, and holds longest.
            var seen = _now;
            seen.ActivityHeldUntil = _activityHolds?.Until ?? Moment.Before;
            seen.SignalHeldUntil = Moment.Later(seen.ActivityHeldUntil, _aliveHolds?.Until ?? Moment.Before);
            return seen;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Replaces <paramref name="seen"/> by <paramref name="next"/> if the session is still as it was seen. This is the one step that
    /// decides who won; exactly one caller commits the end.
    /// </summary>
    /// <param name="seen">What <see cref="Read"/> gave.</param>
    /// <param name="next">What shall be.</param>
    /// <param name="nextDue">The first moment at which a rule may come due, seen from <paramref name="next"/>.</param>
    /// <param name="whateverTouches">Whether the decision stands however often the session was touched since: an exit, a revocation.</param>
    public bool TryCommit(in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue, bool whateverTouches = false)
    {
        Enter();
        try
        {
            var mode = _mode;
            Volatile.Write(ref _mode, Mode.Deciding);
            Interlocked.MemoryBarrier();
            var wasTouched = LastActivity != seen.LastActivity || LastSignal != seen.LastSignal;
            if (mode == Mode.Ended || _now.Version != seen.Version || (wasTouched && !whateverTouches))
            {
                Volatile.Write(ref _mode, mode);
                return false;
            }

            _now.ReplaceAllButStamps(next);
            _now.Version = seen.Version + 1;
            MoveForward(ref Ticks(ref _now.LastActivity), next.LastActivity.Ticks);
            MoveForward(ref Ticks(ref _now.LastSignal), next.LastSignal.Ticks);
            var ended = next.State == SessionState.Ended;
            var due = ended ? Moment.Never : Moment.Earlier(nextDue, _pages?.NextDue ?? Moment.Never);
            Volatile.Write(ref _nextDue, due.Ticks);
            Volatile.Write(ref _mode, ended ? Mode.Ended : next.IsPlain ? Mode.Plain : Mode.Involved);
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>After a look that found nothing due: the lower bound moves on, unless somebody else has moved it meanwhile.</summary>
    public void Refresh(in SessionSnapshot seen, Moment nextDue)
    {
        Enter();
        try
        {
            if (_now.Version == seen.Version && _mode != Mode.Ended)
            {
                Volatile.Write(ref _nextDue, Moment.Earlier(nextDue, _pages?.NextDue ?? Moment.Never).Ticks);
            }
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>The lower bound of the next moment anybody must look; pages that are leaving included.</summary>
    public Moment NextDue => new(Volatile.Read(ref _nextDue));

    /// <summary>A page says hello. False when the session has ended.</summary>
    public bool TryAttachPage(PageId page, PageId tab, Moment now, TimeSpan silence)
    {
        Enter();
        try
        {
            if (_mode == Mode.Ended)
            {
                return false;
            }

            (_pages ??= new()).Attach(page, tab, now, silence);

            // Whoever decided something because no page was open must look again.
            _now.Version++;
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>A page was heard of.</summary>
    public void HeardPage(PageId page, Moment now) => Volatile.Read(ref _pages)?.Heard(page, now);

    /// <summary>A page says good-bye. True when it was open; <paramref name="openPages"/> is what is left without it.</summary>
    public bool TryDetachPage(PageId page, bool persisted, Moment now, TimeSpan grace, TimeSpan silence, out int openPages)
    {
        Enter();
        try
        {
            openPages = 0;
            if (_pages is null || _mode == Mode.Ended || !_pages.TryDetach(page, persisted, now, grace, silence))
            {
                return false;
            }

            openPages = _pages.CountOpen(now, silence);
            Volatile.Write(ref _nextDue, Math.Min(_nextDue, _pages.NextDue.Ticks));
            return true;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Takes one page whose good-bye has outlived its grace at <paramref name="now"/>; exactly one caller gets each.</summary>
    public bool TryTakeUnloaded(Moment now, TimeSpan silence, [NotNullWhen(true)] out UnloadedPage? unloaded)
    {
        Enter();
        try
        {
            unloaded = null;
            return _pages?.TryTakeUnloaded(now, silence, out unloaded) ?? false;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>How many pages are open, as far as anybody can know.</summary>
    public int CountOpenPages(Moment now, TimeSpan silence) => Volatile.Read(ref _pages)?.CountOpen(now, silence) ?? 0;

    private static ref long Ticks(ref Moment moment) => ref Unsafe.As<Moment, long>(ref moment);

    private static void MoveForward(ref long stamp, long ticks)
    {
        var seen = Volatile.Read(ref stamp);
        while (seen < ticks)
        {
            var before = Interlocked.CompareExchange(ref stamp, ticks, seen);
            if (before == seen)
            {
                return;
            }

            seen = before;
        }
    }

    private void Stamp(Moment now, bool isActivity)
    {
        if (isActivity)
        {
            MoveForward(ref Ticks(ref _now.LastActivity), now.Ticks);
        }

        MoveForward(ref Ticks(ref _now.LastSignal), now.Ticks);
    }

    private void Link(RequestHold hold, Moment now)
    {
        Stamp(now, hold.IsActivity);
        ref var first = ref First(hold);
        hold.Next = first;
        if (first is not null)
        {
            first.Previous = hold;
        }

        first = hold;
        hold.IsHolding = true;
        _now.Version++;
    }

    private void Unlink(RequestHold hold)
    {
        if (hold.Previous is null)
        {
            First(hold) = hold.Next;
        }
        else
        {
            hold.Previous.Next = hold.Next;
        }

        if (hold.Next is not null)
        {
            hold.Next.Previous = hold.Previous;
        }

        hold.Next = hold.Previous = null;
        hold.IsHolding = false;
    }

    private ref RequestHold? First(RequestHold hold) => ref hold.IsActivity ? ref _activityHolds : ref _aliveHolds;

    private void Enter()
    {
        if (Interlocked.CompareExchange(ref _gate, 1, 0) != 0)
        {
            Wait();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Wait()
    {
        var spinner = default(SpinWait);
        do
        {
            // Yields, but never sleeps a whole millisecond: the gate is held for tens of nanoseconds.
            spinner.SpinOnce(sleep1Threshold: -1);
        }
        while (Volatile.Read(ref _gate) != 0 || Interlocked.CompareExchange(ref _gate, 1, 0) != 0);
    }

    private void Leave() => Volatile.Write(ref _gate, 0);
}
