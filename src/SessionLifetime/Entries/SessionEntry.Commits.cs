using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <content>The one atomic step that replaces what was seen by what was decided.</content>
internal sealed partial class SessionEntry
{
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
        OptionalState.IsNone(next) || Optional != OptionalState.None ? null : new OptionalState();

    /// <summary>Inside the gate.</summary>
    private void Replace(in SessionSnapshot next, OptionalState? optional, Moment nextDue, Task? answer)
    {
        if (optional is not null && Optional == OptionalState.None)
        {
            Put(optional);
        }

        if (Optional is var kept && kept != OptionalState.None)
        {
            kept.Write(next, answer);
        }

        if (_extras is SharedState shared)
        {
            shared.Arrive(next.LastArrival);
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
    private bool IsStale => _extras is SharedState { IsStale: true };
}
