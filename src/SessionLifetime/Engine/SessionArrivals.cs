using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>How sessions start, and how their pages come and go.</summary>
internal sealed class SessionArrivals(
    SessionEngine engine,
    SessionOwnership ownership,
    SessionEventDispatcher dispatcher,
    SessionMetrics metrics,
    TimeProvider time,
    ILogger<SessionArrivals> logger)
{
    /// <summary>A full store is worth a line, not a line for every client it turns away.</summary>
    private static readonly TimeSpan s_complaintInterval = TimeSpan.FromMinutes(1);

    private long _lastComplaint;

    /// <summary>
    /// Starts a session for a page that attaches, tells the handlers, and waits for them. The session's clocks are held: the caller releases
    /// the hold before it answers, so that the answer's durations count from then. Anything but added when the store is full, or closed.
    /// </summary>
    /// <param name="page">The page.</param>
    /// <param name="tab">Its tab.</param>
    /// <param name="owner">Whose it is from the start, as far as the request tells.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="waits">Whether to wait for the handlers.</param>
    /// <param name="overrides">Durations of its own from the start.</param>
    public async ValueTask<(PlacementResult Outcome, SessionHold Hold)> StartAsync(
        PageId page,
        PageId tab,
        SessionOwner owner,
        CancellationToken cancellationToken,
        bool waits = true,
        TimeoutOverrides? overrides = null)
    {
        var now = engine.Directory.Now;
        var entry = new SessionEntry(SessionId.Create(), PublicId.Create(), now, owner, overrides);
        var seen = entry.Read();
        var timings = engine.TimingsOf(seen);
        var due = Clockwork.NextDue(seen, timings, now);
        var hold = new SessionHold().For(entry, isActivity: true, now + engine.Options.MaxRequestHold);
        if (!page.IsNone)
        {
            entry.TryAttachPage(page, tab, now, timings.Signal);
        }

        entry.Prepare(due, isConfirmed: timings.Unconfirmed == SessionTimings.Never);
        entry.TryHold(hold, now);

        // First in its queue, and raised only once the directory has the session: an end at that moment is raised after it.
        HeldEvent? started = dispatcher.Wants(SessionEventKind.SessionStarted)
            ? dispatcher.Hold(new(SessionEventKind.SessionStarted, new SessionStartedContext(engine.TabSessionOf(entry))))
            : null;
        var addition = PlacementResult.Closed;
        try
        {
            addition = await ownership.AddAsync(entry, due, cancellationToken);
        }
        finally
        {
            if (addition != PlacementResult.Added)
            {
                started?.TakeOut();
            }
        }

        if (addition != PlacementResult.Added)
        {
            Complain(addition);
            return (addition, hold);
        }

        metrics.SessionStarted();
        if (logger.IsEnabled(LogLevel.Information))
        {
            logger.SessionStarted(entry.Id.ToString());
        }

        if (started is { } held)
        {
            held.Release();
            await (waits ? held.Event.Done : Task.CompletedTask);
        }

        if (engine.Directory.IsClosed)
        {
            // Added while the directory was being closed: the shutdown may have missed it.
            await engine.TryEndAsync(entry, SessionEndReason.HostStopping);
        }

        return (addition, hold);
    }

    /// <summary>
    /// A page of a living session attaches: it is added, the signal counts, the handlers are told and waited for, with the clocks held.
    /// False when the session has ended, by then or meanwhile.
    /// </summary>
    /// <param name="entry">The session.</param>
    /// <param name="page">The page.</param>
    /// <param name="tab">Its tab.</param>
    /// <param name="waits">Whether to wait for the handlers: not behind timeout handlers that have been waited for long enough.</param>
    /// <param name="isFirst">Whether it is the page the session was started for, which resumes nothing.</param>
    public async ValueTask<bool> TryResumeAsync(SessionEntry entry, PageId page, PageId tab, bool waits = true, bool isFirst = false)
    {
        var hold = new SessionHold();

        // The page first, the signal after it: a detach that arms a self-destruct in between is disarmed.
        var now = engine.Directory.Now;
        if (!engine.Directory.TryAttachPage(entry, page, tab, now, engine.TimingsOf(entry.Read()).Signal)
            || !await engine.TryHoldAsync(entry, isActivity: true, hold))
        {
            return false;
        }

        try
        {
            await engine.Directory.SaveAsync(entry);
            if (!isFirst && dispatcher.Wants(SessionEventKind.SessionResumed))
            {
                var context = new SessionResumedContext(engine.TabSessionOf(entry), page.ToString());
                var raised = dispatcher.Raise(new(SessionEventKind.SessionResumed, context));
                await (waits ? raised.Done : Task.CompletedTask);
            }
        }
        finally
        {
            engine.Release(hold);
        }

        return !entry.IsEnded;
    }

    /// <summary>A page was unloaded: counts the signal, marks the page as detached, and arms the self-destruct if it was the last one and the options say so.</summary>
    /// <returns>False when the session has ended: nothing was counted.</returns>
    public async ValueTask<bool> TryDetachAsync(SessionEntry entry, PageId page, bool persisted)
    {
        if (await engine.ApplyDueRulesAndWaitAsync(entry) == DueRulesResult.Ended || !await engine.TryCountAsync(entry, SignalReport.Detach))
        {
            return false;
        }

        var (now, grace, silence) = (engine.Directory.Now, engine.Options.UnloadGrace, engine.TimingsOf(entry.Read()).Signal);
        if (page.IsNone || !engine.Directory.TryDetachPage(entry, page, new(persisted, grace), now, silence, out var openPages))
        {
            // Unknown, gone, replaced by the next page of its tab, or silent for too long.
            return true;
        }

        if (openPages == 0 && engine.Options.SelfDestructOnUnload is { } after)
        {
            await engine.TryChangeAsync(entry, (entry, page, At: now + after, silence), ArmWithoutPages);
        }

        engine.Directory.Reschedule(entry, entry.NextDue);
        await engine.Directory.SaveAsync(entry);
        if (grace == TimeSpan.Zero)
        {
            await engine.ApplyDueRulesAsync(entry);
        }

        return true;
    }

    /// <summary>Arms, unless a page has attached meanwhile, which would be a later signal.</summary>
    private static bool ArmWithoutPages(
        ref SessionSnapshot next,
        SessionTimings timings,
        Moment now,
        (SessionEntry Entry, PageId Page, Moment At, TimeSpan Silence) unload)
    {
        // What the app armed to come earlier stands.
        Clockwork.Arm(ref next, Moment.Earlier(next.SelfDestructAt, unload.At), now, unload.Page);
        return unload.Entry.CountOpenPages(now, unload.Silence) == 0;
    }

    private void Complain(PlacementResult addition)
    {
        metrics.Refused(addition switch
        {
            PlacementResult.BrowserFull => "browserLimit",
            PlacementResult.UserFull => "userLimit",
            _ => "capacity",
        });
        var last = Volatile.Read(ref _lastComplaint);
        if (addition == PlacementResult.Full
            && (last == 0 || time.GetElapsedTime(last) >= s_complaintInterval)
            && Interlocked.CompareExchange(ref _lastComplaint, Math.Max(1, time.GetTimestamp()), last) == last)
        {
            logger.AtCapacity(engine.Options.MaxSessions);
        }
    }
}
