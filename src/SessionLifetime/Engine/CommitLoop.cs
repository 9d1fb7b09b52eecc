using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Policy;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>The one loop of all commits: it applies the rules that are due, makes a change, and raises what was committed.</summary>
/// <param name="directory">Where the sessions are.</param>
/// <param name="sessions">Their public objects.</param>
/// <param name="dispatcher">Brings what was committed to the handlers.</param>
/// <param name="endings">What follows an end.</param>
/// <param name="metrics">Counts what was committed.</param>
/// <param name="timingsInForce">The durations in force.</param>
/// <param name="conclude">The timeout handlers have answered.</param>
/// <param name="logger">Logs what was committed.</param>
internal sealed class CommitLoop(
    SessionDirectory directory,
    TabSessions sessions,
    SessionEventDispatcher dispatcher,
    SessionEndings endings,
    SessionMetrics metrics,
    TimingsInForce timingsInForce,
    Func<SessionEvent, ValueTask> conclude,
    ILogger logger)
{
    /// <summary>
    /// The one loop of all commits: reads what is, applies the rules that are due one after the other, then makes the change, and begins again
    /// whenever another thread was faster.
    /// </summary>
    public async ValueTask<CommitResult> RunAsync<TArgument>(
        SessionEntry entry,
        TArgument argument,
        SessionChange<TArgument>? change,
        CommitKind kind = CommitKind.Change)
    {
        while (true)
        {
            var now = directory.Now;
            var seen = directory.Read(entry);
            if (seen.State == SessionState.Ended)
            {
                return CommitResult.Ended;
            }

            var timings = timingsInForce.Of(seen);
            var next = seen;
            var step = Clockwork.Advance(ref next, timings, now, dispatcher.Wants(SessionEventKind.SessionTimeout) || directory.OthersAreAsked);
            await UnloadPagesAsync(entry, timings, step.Kind == ClockStepKind.Ends ? step.At : now);
            if (step.Kind != ClockStepKind.Nothing
                && (step.Kind != ClockStepKind.Waits || kind != CommitKind.Conclusive)
                && directory.MayDecide(entry, step.At, next.State == SessionState.Ended && next.EndReason == SessionEndReason.AbsoluteTimeout))
            {
                await TryCommitAsync(entry, seen, next, step, timings, now);
                continue;
            }

            if (change is null)
            {
                return step.Kind == ClockStepKind.Waits || Clockwork.IsInDoubt(seen, timings, now) ? CommitResult.InDoubt
                    : seen.Raising ? CommitResult.Asked
                    : CommitResult.Alive;
            }

            next = seen;
            if (!change(ref next, timings, now, argument))
            {
                return CommitResult.Declined;
            }

            var isDone = kind == CommitKind.Touch
                ? await directory.TryTouchAsync(entry, seen, next, Clockwork.NextDue(next, timings, now))
                : await TryCommitAsync(entry, seen, next, StepOf(seen, next, now), timings, now, ignoreTouches: next.State == SessionState.Ended);
            if (isDone)
            {
                return CommitResult.Changed;
            }
        }
    }

    /// <summary>What a change that was asked for amounts to.</summary>
    private static ClockStep StepOf(in SessionSnapshot seen, in SessionSnapshot next, Moment now) =>
        next.State != SessionState.Ended ? new(ClockStepKind.Nothing)
        : new(ClockStepKind.Ends, now, CountsTimeout: next.RaiseNumber != seen.RaiseNumber, OwesTimeout: next.RaiseNumber != seen.RaiseNumber);

    /// <summary>Commits one step and raises what it gives. False when the session moved on meanwhile.</summary>
    private async ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        SessionSnapshot seen,
        SessionSnapshot next,
        ClockStep step,
        SessionTimings timings,
        Moment now,
        bool ignoreTouches = false)
    {
        // The event of a timeout has its place in the session's queue before the commit, so that facts are told in their order.
        var held = step.Kind == ClockStepKind.TimesOut && next.Raising && !directory.DeliversLater ? HoldTimeout(entry, next, timings, now) : (HeldEvent?)null;
        var ends = next.State == SessionState.Ended;
        var raisesExit = ends && !directory.DeliversLater;
        if (raisesExit)
        {
            endings.Pending.Begin();
        }

        var isOurs = false;
        try
        {
            var due = ends ? Moment.Never : Clockwork.NextDue(next, next.Overrides == seen.Overrides ? timings : timingsInForce.Of(next), now);
            isOurs = await directory.TryCommitAsync(entry, seen, next, due, ignoreTouches, held?.Event.Done);
        }
        finally
        {
            if (!isOurs)
            {
                held?.TakeOut();
                if (raisesExit)
                {
                    endings.Pending.Done();
                }
            }
        }

        if (!isOurs)
        {
            return false;
        }

        if (step.CountsTimeout)
        {
            metrics.TimeoutRaised();
            if (logger.IsEnabled(LogLevel.Debug))
            {
                logger.SessionTimedOut(entry.Id.ToString(), next.Occurrence);
            }
        }

        held?.Release();
        if (ends)
        {
            endings.Count(entry, next.EndReason);
        }

        if (raisesExit)
        {
            endings.Raise(entry, next, step.OwesTimeout);
        }

        return true;
    }

    private HeldEvent HoldTimeout(SessionEntry entry, in SessionSnapshot next, SessionTimings timings, Moment now)
    {
        var status = SessionStatus.Of(next, timings, now);
        var isPresent = next.LastSignal + timings.KeepAlive + timings.KeepAlive > now;
        var context = new SessionTimeoutContext(sessions.Of(entry), next.Occurrence, status.EndsIn ?? Timeout.InfiniteTimeSpan, isPresent);
        return dispatcher.Hold(new(SessionEventKind.SessionTimeout, context) { RaiseNumber = next.RaiseNumber, Completed = conclude });
    }

    private ValueTask UnloadPagesAsync(SessionEntry entry, SessionTimings timings, Moment now)
    {
        if (directory.DeliversLater)
        {
            return directory.UnloadPagesAsync(entry, now, timings.Signal);
        }

        while (entry.TryTakeUnloaded(now, timings.Signal, out var page))
        {
            logger.PageUnloaded(entry.Id.ToString(), page.OpenPages);
            if (dispatcher.Wants(SessionEventKind.PageUnloaded))
            {
                dispatcher.Raise(new(SessionEventKind.PageUnloaded, new PageUnloadedContext(sessions.Of(entry), page)));
            }
        }

        return default;
    }
}
