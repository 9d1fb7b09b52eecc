using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>
/// The rules of a session's life (contract, section 3): pure functions of what was seen, the durations in force, and now. They own no
/// clock, wait for nothing, and change nothing but the snapshot they are given.
/// </summary>
internal static class Clockwork
{
    /// <summary>
    /// Takes one step: of the rules that are due, the one whose moment came first is applied; a tie goes to the lower number. So a late
    /// look gives the same result as a timely one. Called again with its own result, it goes on until nothing is due.
    /// </summary>
    /// <param name="session">What was seen; made what shall be. Unchanged where nothing is due.</param>
    /// <param name="timings">The durations in force.</param>
    /// <param name="now">The moment of the look.</param>
    /// <param name="hasHandlers">Whether anybody handles <c>SessionTimeout</c>. With nobody to ask, an end that is due behind a timeout is
    /// applied in the same step.</param>
    /// <returns>What was applied, and so what is to be raised once it is committed.</returns>
    public static ClockStep Advance(ref SessionSnapshot session, SessionTimings timings, Moment now, bool hasHandlers)
    {
        if (session.State == SessionState.Ended)
        {
            return new(ClockStepKind.Nothing);
        }

        var deadlines = new Deadlines(session, timings, now);
        var end = deadlines.FirstEnd(out var reason);
        if (session.State == SessionState.Active)
        {
            if (deadlines.TimedOut > now || deadlines.TimedOut >= end)
            {
                return end > now ? new(ClockStepKind.Nothing) : End(ref session, reason, end, timings, now);
            }

            TimeOut(ref session, timings, now, hasHandlers);
            if (!hasHandlers && FirstOf(deadlines, ref end, ref reason) <= now)
            {
                End(ref session, reason, end, timings, now);
                return new(ClockStepKind.Ends, end, CountsTimeout: true);
            }

            return new(ClockStepKind.TimesOut, deadlines.TimedOut, CountsTimeout: true);
        }

        if (session.Raising)
        {
            // Rule 5 is not applied while the handlers run; an end that would have come after it hangs on their answer.
            if (end <= now)
            {
                var hangs = deadlines.Expired < end;
                var step = End(ref session, reason, end, timings, now);
                return hangs ? step with { Kind = ClockStepKind.Waits } : step;
            }

            return new(ClockStepKind.Nothing);
        }

        return FirstOf(deadlines, ref end, ref reason) <= now ? End(ref session, reason, end, timings, now) : new(ClockStepKind.Nothing);
    }

    /// <summary>
    /// Ends a session now. An end for want of a signal or of activity is preceded by one <c>SessionTimeout</c> in that idle period: it is
    /// counted here if there was none.
    /// </summary>
    /// <returns>The step, which says whether that event is owed.</returns>
    public static ClockStep End(ref SessionSnapshot session, SessionEndReason reason, Moment at, SessionTimings timings, Moment now)
    {
        var owesTimeout = (reason is SessionEndReason.SignalLost or SessionEndReason.IdleTimeout) && session.Occurrence == 0;
        if (owesTimeout)
        {
            TimeOut(ref session, timings, now, hasHandlers: false);
        }

        session.State = SessionState.Ended;
        session.Raising = false;
        session.EndReason = reason;
        return new(ClockStepKind.Ends, at, CountsTimeout: owesTimeout, OwesTimeout: owesTimeout);
    }

    /// <summary>
    /// Whether rule 5 is overdue and waits only for handlers that were started too late: whether the session still lives is undecided
    /// until they have answered.
    /// </summary>
    public static bool IsInDoubt(in SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        if (!seen.Raising)
        {
            return false;
        }

        var expired = new Deadlines(seen, timings, now).Expired;
        return expired <= now && expired <= seen.RaisedAt;
    }

    /// <summary>The first moment at which a rule may come due. A lower bound: requests in flight may complete at any moment.</summary>
    public static Moment NextDue(in SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        if (seen.State == SessionState.Ended)
        {
            return Moment.Never;
        }

        var deadlines = new Deadlines(seen, timings, now);
        var end = deadlines.FirstEnd(out _);
        return seen.State == SessionState.Active ? Moment.Earlier(end, deadlines.TimedOut)
            : !seen.Raising ? Moment.Earlier(end, deadlines.Expired)
            : end > now ? end

            // What waits for the handlers is looked at again when they have answered.
            : Moment.Never;
    }

    /// <summary>Counts a signal. Call it only on a session on which no rule is due.</summary>
    /// <param name="seen">The session; its stamps move forward, and what follows from them.</param>
    /// <param name="signal">What the signal tells.</param>
    /// <param name="timings">The durations in force.</param>
    /// <param name="now">When it came.</param>
    public static void Count(ref SessionSnapshot seen, in SignalReport signal, SessionTimings timings, Moment now)
    {
        seen.LastSignal = Moment.Later(seen.LastSignal, now);
        if (!signal.DisarmsNothing)
        {
            // It comes after what was committed, also within one tick of the clock.
            seen.LastArrival = Moment.Later(seen.LastArrival, Moment.Later(now, Moment.Later(seen.StartedAt, seen.ArmedAt).Next));
        }

        if (signal.IdleFor is { } idle)
        {
            seen.LastActivity = Moment.Later(seen.LastActivity, Moment.Later(seen.StartedAt, now - idle));
        }

        if (signal.IsStretch)
        {
            seen.IdleReset = Moment.Later(seen.IdleReset, now);
        }

        Derive(ref seen, timings, now);
    }

    /// <summary>
    /// Sets what follows from the stamps, in whatever order they came: whether the session is timed out, how often it was in this idle
    /// period, whether its self-destruct is armed, whether it is confirmed. Call it after a stamp or a duration changed.
    /// </summary>
    /// <remarks>
    /// A session is timed out while its raise is not before <c>IdleSince + T</c>, with T no less than it was at the raise. A report that moves
    /// that moment behind the raise makes the session active again (and due anew, if that moment has passed, too); any other is a signal only.
    /// </remarks>
    public static void Derive(ref SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        if (seen.State == SessionState.Ended)
        {
            return;
        }

        var deadlines = new Deadlines(seen, timings, now);
        var timeout = seen.RaisedTimeout > timings.SessionTimeout ? seen.RaisedTimeout : timings.SessionTimeout;
        var isTimedOut = seen.RaiseNumber > 0 && deadlines.IdleSince + timeout <= seen.RaisedAt;
        seen.State = isTimedOut ? SessionState.TimedOut : SessionState.Active;
        seen.Raising &= isTimedOut;
        if (deadlines.LastActivity + seen.RaisedTimeout > seen.RaisedAt)
        {
            seen.Occurrence = 0;
        }

        if (seen.LastArrival > seen.ArmedAt)
        {
            seen.SelfDestructAt = Moment.Never;
        }

        seen.Confirmed |= seen.LastArrival > seen.StartedAt;
    }

    /// <summary>
    /// Arms the self-destruct for a moment, or disarms it (<see cref="Moment.Never"/>). Any later arrival makes it void, except one from the page
    /// whose detach arms it.
    /// </summary>
    public static void Arm(ref SessionSnapshot seen, Moment at, Moment now, PageId page = default)
    {
        seen.SelfDestructAt = at;
        seen.ArmedBy = page;
        seen.ArmedAt = Moment.Later(now, seen.LastArrival);
    }

    /// <summary>The handlers of the raise <paramref name="raiseNumber"/> have answered. False when it no longer matters.</summary>
    public static bool TryConclude(ref SessionSnapshot seen, uint raiseNumber, bool handled, SessionTimings timings, Moment now)
    {
        if (!seen.Raising || seen.RaiseNumber != raiseNumber)
        {
            return false;
        }

        seen.Raising = false;
        if (handled)
        {
            seen.IdleReset = Moment.Later(seen.IdleReset, now);
            Derive(ref seen, timings, now);
        }

        return true;
    }

    /// <summary>Rule 4: the session is timed out, and its handlers, if any, are about to be asked.</summary>
    internal static void TimeOut(ref SessionSnapshot session, SessionTimings timings, Moment now, bool hasHandlers)
    {
        session.State = SessionState.TimedOut;
        session.Raising = hasHandlers;
        session.RaisedAt = now;
        session.RaisedTimeout = timings.SessionTimeout;
        session.RaiseNumber++;
        session.Occurrence++;
    }

    /// <summary>The first of the rules 1, 2, 3 and 5.</summary>
    private static Moment FirstOf(in Deadlines deadlines, ref Moment end, ref SessionEndReason reason)
    {
        if (deadlines.Expired < end)
        {
            (end, reason) = (deadlines.Expired, deadlines.ExpiredReason);
        }

        return end;
    }
}
