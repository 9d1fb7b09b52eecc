using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>
/// The moments of the five rules for one session, if nothing more happens. A request in flight stands for a signal (and, where it
/// counts, for activity) that happens now.
/// </summary>
internal readonly struct Deadlines
{
    public Deadlines(in SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        LastActivity = Held(seen.LastActivity, seen.ActivityHeldUntil, now);
        LastSignal = Held(seen.LastSignal, seen.SignalHeldUntil, now);
        IdleSince = Moment.Later(LastActivity, seen.IdleReset);
        SelfDestruct = seen.SelfDestructAt;
        Absolute = (seen.StartedAt + timings.Absolute) - seen.NotRunning;

        // Until it is heard of again, the last signal of a session is the first answer it was given, whenever that was.
        SignalLost = seen.Confirmed
            ? LastSignal + timings.Signal
            : Moment.Earlier(LastSignal + timings.Signal, LastSignal + timings.Unconfirmed);
        TimedOut = IdleSince + timings.SessionTimeout;
        Expired = TimedOut + timings.Countdown;
    }

    public Moment LastActivity { get; }

    public Moment LastSignal { get; }

    /// <summary>When the idle clock started: the latest of activity, a handled timeout, and a stretch.</summary>
    public Moment IdleSince { get; }

    /// <summary>Rule 1.</summary>
    public Moment SelfDestruct { get; }

    /// <summary>Rule 2.</summary>
    public Moment Absolute { get; }

    /// <summary>Rule 3.</summary>
    public Moment SignalLost { get; }

    /// <summary>Rule 4.</summary>
    public Moment TimedOut { get; }

    /// <summary>Rule 5.</summary>
    public Moment Expired { get; }

    /// <summary>Why a session ends by rule 5: was anybody there to see the countdown?</summary>
    public SessionEndReason ExpiredReason => LastSignal >= TimedOut ? SessionEndReason.IdleTimeout : SessionEndReason.SignalLost;

    /// <summary>The first of the rules 1 to 3; the lower number wins a tie.</summary>
    public Moment FirstEnd(out SessionEndReason reason)
    {
        reason = SessionEndReason.SelfDestructed;
        var first = SelfDestruct;
        if (Absolute < first)
        {
            reason = SessionEndReason.AbsoluteTimeout;
            first = Absolute;
        }

        if (SignalLost < first)
        {
            reason = SessionEndReason.SignalLost;
            first = SignalLost;
        }

        return first;
    }

    private static Moment Held(Moment stamp, Moment heldUntil, Moment now) =>
        Moment.Later(stamp, Moment.Earlier(now, heldUntil));
}
