using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>
/// The one place where the store, the policy and the events meet: it looks at sessions, changes them, and ends them.
/// </summary>
/// <remarks>
/// <para>
/// Every step follows one pattern: read what is, ask the clockwork what is due, commit that in one step, begin again when somebody else
/// was faster. What was committed is told to the handlers afterwards, outside every lock. So each fact has one winner, and the winner
/// tells; the event has its place in the session's queue before the commit, so that facts are told in the order they became facts. Only
/// the end's follows its commit: there is none after it.
/// </para>
/// <para>
/// A look comes before a count: a request, a ping, a status read first applies the rules that are due, and only then counts as a signal.
/// So an expired session is never served, however long ago the last sweep was.
/// </para>
/// <para>
/// The life of an end: committed (one winner) -> an owed <c>SessionTimeout</c>, then <c>ApplicationExit</c> reach their handlers -> those
/// who wait for the exit go on, the <c>Ended</c> token is cancelled, what stays open is closed, the store is told -> the requests that have
/// the session leave -> what it owned is disposed.
/// </para>
/// <para>It is longer than a file should be because the loop of look, time-out, conclusion and end calls itself all around.</para>
/// </remarks>
internal sealed class SessionEngine
{
    /// <summary>How long lifecycle calls wait for the timeout handlers.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly SessionEventDispatcher _dispatcher;
    private readonly SessionDisposer _disposer;
    private readonly ConnectionCloser _closer;
    private readonly SessionMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SessionTimings _timings;
    private readonly SessionController _controller;
    private readonly Func<SessionEvent, ValueTask> _conclude;
    private readonly Func<SessionEvent, ValueTask> _complete;

    public SessionEngine(
        ITabSessionStore store,
        IOptions<SessionLifetimeOptions> options,
        SessionEventDispatcher dispatcher,
        SessionDisposer disposer,
        ConnectionCloser closer,
        SessionMetrics metrics,
        TimeProvider time,
        ILogger<SessionEngine> logger)
    {
        Store = store;
        Options = options.Value;
        _dispatcher = dispatcher;
        _disposer = disposer;
        _closer = closer;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _timings = SessionTimings.Of(Options);
        _controller = new SessionController(this);
        Ownership = new SessionOwnership(this, logger);
        _conclude = ConcludeAsync;
        _complete = CompleteAsync;
    }

    public ITabSessionStore Store { get; }

    public SessionLifetimeOptions Options { get; }

    public SessionOwnership Ownership { get; }

    /// <summary>Sessions that have ended, or are about to, and whose exit handlers have not run yet.</summary>
    public PendingWork Ends { get; } = new();

    /// <summary>The durations in force for a session.</summary>
    public SessionTimings TimingsOf(in SessionSnapshot seen) => seen.Overrides is { } own ? SessionTimings.Of(Options, own) : _timings;

    /// <summary>The session's public object, made when it is first asked for.</summary>
    public TabSession TabSessionOf(SessionEntry entry) =>
        entry.Observer as TabSession ?? (TabSession)entry.SetObserver(new TabSession(entry, _controller));

    /// <summary>The status a browser is told of a session.</summary>
    public SessionStatus StatusOf(SessionEntry entry)
    {
        var seen = entry.Read();
        return SessionStatus.Of(seen, TimingsOf(seen), Store.Now);
    }

    /// <summary>Applies every rule that is due.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="waitForHandlers">Whether an end that hangs on running handlers may wait for them.</param>
    public ValueTask<DueRulesResult> ApplyDueRulesAsync(SessionEntry entry, bool waitForHandlers = true)
    {
        while (true)
        {
            var now = Store.Now;
            var seen = entry.Read();
            if (seen.State == SessionState.Ended)
            {
                return new(DueRulesResult.Ended);
            }

            var timings = TimingsOf(seen);
            var verdict = Clockwork.Look(seen, timings, now);
            var timesOut = verdict.Kind == VerdictKind.TimesOut;
            if (timesOut && !_dispatcher.Wants(SessionEventKind.SessionTimeout))
            {
                // With nobody to ask, the end that is due behind it is applied in the same step.
                var next = seen;
                Clockwork.TimeOut(ref next, now, hasHandlers: false);
                verdict = Clockwork.Look(next, timings, now) is { Kind: VerdictKind.Ends } end ? end : verdict;
            }

            RaiseUnloaded(entry, timings, verdict.Kind == VerdictKind.Ends ? verdict.At : now);
            switch (verdict.Kind)
            {
                case VerdictKind.Lives:
                    return new(!seen.Raising ? DueRulesResult.Alive
                        : Clockwork.IsInDoubt(seen, timings, now) ? DueRulesResult.InDoubt
                        : DueRulesResult.Asked);
                case VerdictKind.Waits when waitForHandlers:
                    return new(DueRulesResult.InDoubt);
            }

            var step = verdict.Kind == VerdictKind.TimesOut
                ? TimeOutAsync(entry, seen, timings, now)
                : EndAsync(entry, seen, verdict.Reason, now, timesOut);
            if (!step.IsCompletedSuccessfully)
            {
                return ApplyDueRulesAfterAsync(step, entry, waitForHandlers);
            }
        }
    }

    /// <summary>
    /// As <see cref="ApplyDueRulesAsync"/>, and where the timeout handlers are being asked, waits for their answer for a second at most.
    /// </summary>
    /// <returns>Never <see cref="DueRulesResult.InDoubt"/>: after the wait, an end that is certain anyway is applied.</returns>
    public async ValueTask<DueRulesResult> ApplyDueRulesAndWaitAsync(SessionEntry entry)
    {
        var found = await ApplyDueRulesAsync(entry);
        if (found is not (DueRulesResult.Asked or DueRulesResult.InDoubt))
        {
            return found;
        }

        if (entry.Read() is { Raising: true, Answer: { IsCompleted: false } pending })
        {
            using var stop = new CancellationTokenSource();
            await Task.WhenAny(pending, Task.Delay(s_patience, _time, stop.Token));
            await stop.CancelAsync();
        }

        found = await ApplyDueRulesAsync(entry, waitForHandlers: false);
        return found == DueRulesResult.InDoubt ? DueRulesResult.Asked : found;
    }

    /// <summary>
    /// Waits only where the session should have ended before, and nobody but handlers that were asked too late can tell whether it has:
    /// an expired session is never served.
    /// </summary>
    public async ValueTask<DueRulesResult> ApplyDueRulesAndWaitInDoubtAsync(SessionEntry entry)
    {
        var found = await ApplyDueRulesAsync(entry);
        return found == DueRulesResult.InDoubt ? await ApplyDueRulesAndWaitAsync(entry) : found;
    }

    /// <summary>
    /// Looks, waiting for nobody, and changes what lives in one step. False when the session has ended, or the change declined.
    /// </summary>
    public async ValueTask<bool> TryChangeAsync<TArgument>(SessionEntry entry, TArgument argument, SessionChange<TArgument> change)
    {
        while (await ApplyDueRulesAsync(entry, waitForHandlers: false) != DueRulesResult.Ended)
        {
            var now = Store.Now;
            var seen = entry.Read();
            var timings = TimingsOf(seen);
            if (seen.State == SessionState.Ended || Clockwork.Look(seen, timings, now).Kind != VerdictKind.Lives)
            {
                continue;
            }

            var next = seen;
            if (!change(ref next, timings, now, argument))
            {
                return false;
            }

            if (await Store.TryCommitAsync(entry, seen, next, Clockwork.NextDue(next, TimingsOf(next), now)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends a session now. True when this call decided it.</summary>
    public async ValueTask<bool> TryEndAsync(SessionEntry entry, SessionEndReason reason)
    {
        // What was due before comes first: an exit does not rewrite why a session that was over had ended.
        while (await ApplyDueRulesAsync(entry) != DueRulesResult.Ended)
        {
            var seen = entry.Read();
            if (seen.State != SessionState.Ended && await EndAsync(entry, seen, reason, Store.Now, timesOut: false, ignoreTouches: true))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends a session and waits for its exit handlers, unless it is called from inside one of its handlers.</summary>
    /// <returns>Whether this call decided it.</returns>
    public async Task<bool> ExitAsync(SessionEntry entry, SessionEndReason reason)
    {
        var isOurs = await TryEndAsync(entry, reason);
        var face = TabSessionOf(entry);
        if (!HandlerInvocation.IsInside(face))
        {
            await face.Completion;
        }

        return isOurs;
    }

    /// <summary>Ends every session that is meant but one; gives those this call ended, as it goes.</summary>
    public async IAsyncEnumerable<TabSession> EndAllAsync(
        SessionFilter filter,
        SessionEndReason reason,
        TabSession? except,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        const int PageSize = 65_536;
        PublicId? after = null;
        IReadOnlyList<SessionEntry> page;
        do
        {
            page = await Store.ListAsync(filter, after, PageSize, cancellationToken);
            foreach (var entry in page)
            {
                after = entry.Id;
                if (entry != except?.Entry && await TryEndAsync(entry, reason))
                {
                    yield return TabSessionOf(entry);
                }
            }
        }
        while (page.Count == PageSize);
    }

    /// <summary>
    /// Moves the lower bound of a session's next look on. Of a session that was touched since somebody looked, this is all a look has to do.
    /// </summary>
    /// <returns>False when something is due, or handlers are being asked.</returns>
    public bool Refresh(SessionEntry entry, Moment now)
    {
        var seen = entry.Read();
        entry.Refresh(seen, Clockwork.NextDue(seen, TimingsOf(seen), now));
        return !seen.Raising && entry.NextDue > now;
    }

    private static SessionTimeoutContext TimeoutContext(TabSession face, in SessionSnapshot next, SessionTimings timings, Moment now)
    {
        var status = SessionStatus.Of(next, timings, now);
        var isPresent = next.LastSignal + timings.KeepAlive + timings.KeepAlive > now;
        return new SessionTimeoutContext(face, next.Occurrence, status.EndsIn ?? Timeout.InfiniteTimeSpan, isPresent);
    }

    private async ValueTask<DueRulesResult> ApplyDueRulesAfterAsync(ValueTask<bool> step, SessionEntry entry, bool waitForHandlers)
    {
        await step;
        return await ApplyDueRulesAsync(entry, waitForHandlers);
    }

    private async ValueTask<bool> TimeOutAsync(SessionEntry entry, SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        var next = seen;
        var hasHandlers = _dispatcher.Wants(SessionEventKind.SessionTimeout);
        Clockwork.TimeOut(ref next, now, hasHandlers);
        HeldEvent? held = null;
        if (hasHandlers)
        {
            held = _dispatcher.Hold(new(SessionEventKind.SessionTimeout, TimeoutContext(TabSessionOf(entry), next, timings, now))
            {
                RaiseNumber = next.RaiseNumber,
                Completed = _conclude,
            });
            next.Answer = held.Value.Event.Done;
        }

        if (!await Store.TryCommitAsync(entry, seen, next, Clockwork.NextDue(next, timings, now)))
        {
            held?.TakeOut();
            return false;
        }

        TimedOut(entry, next);
        held?.Release();
        return true;
    }

    private void TimedOut(SessionEntry entry, in SessionSnapshot next)
    {
        _metrics.TimeoutRaised();
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            _logger.SessionTimedOut(entry.Id.ToString(), next.Occurrence);
        }
    }

    /// <summary>The timeout handlers have answered. Runs on the session's pump; whatever fails here must not stop it.</summary>
    private async ValueTask ConcludeAsync(SessionEvent raised)
    {
        var entry = raised.Context.Session.Entry;
        try
        {
            var outcome = await TryConcludeAsync(entry, raised) ? raised.Handled ? "handled" : "not handled" : "overtaken";
            if (_logger.IsEnabled(LogLevel.Debug))
            {
                _logger.TimeoutConcluded(entry.Id.ToString(), outcome);
            }

            // Not handled, and the countdown may be over already; handled, and something else may be due.
            await ApplyDueRulesAsync(entry);
        }
        catch (Exception exception)
        {
            _logger.ConclusionFailed(exception, entry.Id.ToString());
        }
    }

    private async ValueTask<bool> TryConcludeAsync(SessionEntry entry, SessionEvent raised)
    {
        while (true)
        {
            var now = Store.Now;
            var seen = entry.Read();
            var timings = TimingsOf(seen);
            var next = seen;

            // What is due whatever they said comes first; only an end that hangs on their answer has waited for it.
            if (Clockwork.Look(seen, timings, now).Kind == VerdictKind.Ends
                || !Clockwork.TryConclude(ref next, raised.RaiseNumber, raised.Handled, now))
            {
                return false;
            }

            if (await Store.TryCommitAsync(entry, seen, next, Clockwork.NextDue(next, timings, now)))
            {
                if (raised.Handled)
                {
                    _metrics.TimeoutHandled();
                }

                return true;
            }
        }
    }

    /// <summary>Ends what was seen. False when it moved on meanwhile.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="seen">What was read.</param>
    /// <param name="reason">Why.</param>
    /// <param name="now">The moment of the look.</param>
    /// <param name="timesOut">Whether it times out on the way to its end, with nobody to ask.</param>
    /// <param name="ignoreTouches">Whether it stands however often the session was touched since.</param>
    private async ValueTask<bool> EndAsync(
        SessionEntry entry,
        SessionSnapshot seen,
        SessionEndReason reason,
        Moment now,
        bool timesOut,
        bool ignoreTouches = false)
    {
        var next = seen;
        var owesTimeout = !timesOut && Clockwork.OwesTimeout(seen, reason);
        if (timesOut || owesTimeout)
        {
            Clockwork.TimeOut(ref next, now, hasHandlers: false);
        }

        Clockwork.End(ref next, reason);
        Ends.Begin();
        var isOurs = false;
        try
        {
            isOurs = await Store.TryCommitAsync(entry, seen, next, Moment.Never, ignoreTouches);
        }
        finally
        {
            if (!isOurs)
            {
                Ends.Done();
            }
        }

        if (!isOurs)
        {
            return false;
        }

        if (timesOut || owesTimeout)
        {
            TimedOut(entry, next);
        }

        _metrics.SessionEnded(reason);
        if (_logger.IsEnabled(LogLevel.Information))
        {
            _logger.SessionEnded(entry.Id.ToString(), reason);
        }

        // Nothing is committed after an end: what tells of it stands behind all that was.
        var face = TabSessionOf(entry);
        if (owesTimeout && _dispatcher.Wants(SessionEventKind.SessionTimeout))
        {
            var context = new SessionTimeoutContext(face, next.Occurrence, timeLeft: TimeSpan.Zero, isBrowserPresent: false);
            _dispatcher.Raise(new(SessionEventKind.SessionTimeout, context));
        }

        _dispatcher.Raise(new(SessionEventKind.ApplicationExit, new ApplicationExitContext(face, reason)) { Completed = _complete });
        return true;
    }

    /// <summary>The exit handlers have run: those who wait go on, and the token is cancelled where its callbacks delay nobody.</summary>
    private async ValueTask CompleteAsync(SessionEvent exit)
    {
        var session = exit.Context.Session;
        var owns = _disposer.TryBegin(session);
        var cancelling = session.Complete() is { } ended ? CancelAsync(session, ended) : Task.CompletedTask;
        _closer.Close(session, cancelling);
        if (owns)
        {
            _disposer.DisposeAfter(session, cancelling);
        }

        try
        {
            await Store.AcknowledgeEndAsync(session.Entry);
        }
        catch (Exception exception)
        {
            _logger.AcknowledgementFailed(exception, session.Id);
        }
        finally
        {
            Ends.Done();
        }
    }

    private async Task CancelAsync(TabSession session, CancellationTokenSource ended)
    {
        try
        {
            await ended.CancelAsync();
        }
        catch (AggregateException exception)
        {
            _logger.EndedCallbackThrew(exception, session.Id);
        }
    }

    private void RaiseUnloaded(SessionEntry entry, SessionTimings timings, Moment now)
    {
        while (entry.TryTakeUnloaded(now, timings.Signal, out var page))
        {
            _logger.PageUnloaded(entry.Id.ToString(), page.OpenPages);
            if (_dispatcher.Wants(SessionEventKind.PageUnloaded))
            {
                _dispatcher.Raise(new(SessionEventKind.PageUnloaded, new PageUnloadedContext(TabSessionOf(entry), page)));
            }
        }
    }
}
