using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <content>The requests in flight: those that use the session, and those that hold its clocks.</content>
internal sealed partial class SessionEntry
{
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
        var wasHolding = hold.IsActivity ? _activityHolds.Remove(hold) : Optional.AliveHolds.Remove(hold);
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
