using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>
/// The rules of a session's life (contract, section 3): pure functions of what was seen, the durations in force, and now. They own no
/// clock, wait for nothing, and change nothing but the snapshot they are handed.
/// </summary>
internal static class Clockwork
{
    /// <summary>
    /// Which rule is due. Of those that are, the one whose moment came first; a tie goes to the lower number. So a late look says what
    /// a timely one would have said.
    /// </summary>
    public static Verdict Look(in SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        if (seen.State == SessionState.Ended)
        {
            return Verdict.Lives;
        }

        var deadlines = new Deadlines(seen, timings, now);
        var end = deadlines.FirstEnd(out var reason);
        if (seen.State == SessionState.Active)
        {
            return deadlines.TimedOut <= now && deadlines.TimedOut < end ? Verdict.TimesOut(deadlines.TimedOut)
                : end <= now ? Verdict.Ends(reason, end)
                : Verdict.Lives;
        }

        var expiresFirst = deadlines.Expired < end;
        if (seen.Raising)
        {
            return end > now ? Verdict.Lives
                : expiresFirst ? Verdict.Waits(reason, end)
                : Verdict.Ends(reason, end);
        }

        return expiresFirst && deadlines.Expired <= now ? Verdict.Ends(deadlines.ExpiredReason, deadlines.Expired)
            : end <= now ? Verdict.Ends(reason, end)
            : Verdict.Lives;
    }

    /// <summary>Whether an end for this reason must be preceded by a <c>SessionTimeout</c> that this idle period has not had.</summary>
    public static bool OwesTimeout(in SessionSnapshot seen, SessionEndReason reason) =>
        reason is SessionEndReason.SignalLost or SessionEndReason.IdleTimeout && seen.Occurrence == 0;

    /// <summary>
    /// Whether rule 5 is overdue and waits only for handlers that started too late to be timely: nobody knows yet whether this session
    /// still lives.
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

    /// <summary>Counts a signal. Call it only on a session that <see cref="Look"/> lets live.</summary>
    /// <param name="seen">The session; changed.</param>
    /// <param name="signal">What the signal tells.</param>
    /// <param name="timings">The durations in force.</param>
    /// <param name="now">When it came.</param>
    public static void Count(ref SessionSnapshot seen, in SignalReport signal, SessionTimings timings, Moment now)
    {
        seen.LastSignal = Moment.Later(seen.LastSignal, now);
        seen.Confirmed = true;
        if (!signal.IsGoodBye)
        {
            seen.SelfDestructAt = Moment.Never;
        }

        if (signal.IdleFor is { } idle)
        {
            seen.LastActivity = Moment.Later(seen.LastActivity, Moment.Later(seen.StartedAt, now - idle));
        }

        if (signal.IsStretch)
        {
            seen.IdleReset = Moment.Later(seen.IdleReset, now);
        }

        Reconsider(ref seen, timings, now);
    }

    /// <summary>After a stamp or a duration changed: a session whose timeout lies ahead again is active again.</summary>
    public static void Reconsider(ref SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        if (seen.State == SessionState.TimedOut && new Deadlines(seen, timings, now).TimedOut > now)
        {
            seen.State = SessionState.Active;
            seen.Raising = false;
        }

        // A report too old to revive the session leaves the raise that stands; only activity after it begins a new idle period.
        if (seen.State == SessionState.Active && seen.Occurrence > 0 && seen.LastActivity >= seen.RaisedAt)
        {
            seen.Occurrence = 0;
        }
    }

    /// <summary>Rule 4: the session is timed out, and its handlers, if any, are about to be asked.</summary>
    public static void TimeOut(ref SessionSnapshot seen, Moment now, bool hasHandlers)
    {
        seen.State = SessionState.TimedOut;
        seen.Raising = hasHandlers;
        seen.RaisedAt = now;
        seen.RaiseNumber++;
        seen.Occurrence++;
    }

    /// <summary>The handlers of the raise <paramref name="raiseNumber"/> have answered. False when it no longer matters.</summary>
    public static bool TryConclude(ref SessionSnapshot seen, uint raiseNumber, bool handled, Moment now)
    {
        if (!seen.Raising || seen.RaiseNumber != raiseNumber)
        {
            return false;
        }

        seen.Raising = false;
        if (handled)
        {
            seen.State = SessionState.Active;
            seen.IdleReset = Moment.Later(seen.IdleReset, now);
        }

        return true;
    }

    /// <summary>The session is over.</summary>
    public static void End(ref SessionSnapshot seen, SessionEndReason reason)
    {
        seen.State = SessionState.Ended;
        seen.Raising = false;
        seen.EndReason = reason;
    }
}
