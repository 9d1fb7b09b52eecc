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
/// Every field stands here, because their order is the layout; what is done with them inside the gate stands in parts: commits, requests in flight, pages,
/// ids and owner.
/// </para>
/// </remarks>
internal sealed partial class SessionEntry
{
    // References first and then words, each as they are declared: that is how the runtime lays them out. What a look at a session touches
    // stands together, and what finds it beside what stamps it: of a million sessions, none is in a cache.
    private string? _user;
    private IEntryObserver? _observer;
    private object _extras = OptionalState.None;
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
            _extras = new OptionalState { Overrides = overrides };
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
        _extras = shared;
        _pages = PageSet.Of(pages);
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

    /// <summary>Completes when the <c>SessionTimeout</c> handlers that are being asked have answered; null while none are.</summary>
    public Task? Answer => Volatile.Read(ref Optional.Answer);

    public PublicId Id { get; }

    public bool IsEnded => Volatile.Read(ref _mode) == Mode.Ended;

    public Moment LastActivity => new(Volatile.Read(ref _lastActivity));

    /// <summary>Activity is a signal.</summary>
    public Moment LastSignal => new(Math.Max(Volatile.Read(ref _lastSignal), Volatile.Read(ref _lastActivity)));

    public Moment StartedAt => new(_startedAt);

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
        Optional.Read(ref seen);
        seen.SignalHeldUntil = Moment.Later(seen.ActivityHeldUntil, seen.SignalHeldUntil);
        _gate.Leave();
        return seen;
    }

    /// <summary>What the entry keeps where its session is in a backing store, too; null where it is not.</summary>
    public SharedState? Shared => Volatile.Read(ref _extras) as SharedState;

    /// <summary>The session is in a backing store, too.</summary>
    public void Share(SharedState shared)
    {
        _gate.Enter();
        shared.Optional = Optional;
        Volatile.Write(ref _extras, shared);
        _gate.Leave();
    }

    /// <summary>The lower bound of the next moment anybody must look; detached pages included.</summary>
    public Moment NextDue => new(Volatile.Read(ref _nextDue));

    /// <summary>Whether the self-destruct is armed.</summary>
    public bool IsArmed => !Optional.SelfDestructAt.IsNever;

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

    /// <summary>What most sessions never have: it stands here, or with what is shared.</summary>
    private OptionalState Optional => Volatile.Read(ref _extras) is var extras && extras is SharedState shared ? Volatile.Read(ref shared.Optional) : (OptionalState)extras;

    /// <summary>Inside the gate.</summary>
    private OptionalState GetOptional()
    {
        if (Optional == OptionalState.None)
        {
            Put(new());
        }

        return Optional;
    }

    /// <summary>Inside the gate.</summary>
    private void Put(OptionalState optional)
    {
        if (_extras is SharedState shared)
        {
            Volatile.Write(ref shared.Optional, optional);
        }
        else
        {
            Volatile.Write(ref _extras, optional);
        }
    }
}
