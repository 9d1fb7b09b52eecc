using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime;

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
    public OpenWork Ends { get; } = new();

    /// <summary>The durations in force for a session.</summary>
    public SessionTimings TimingsOf(in SessionSnapshot seen) => seen.Overrides is { } own ? SessionTimings.Of(Options, own) : _timings;

    public TabSession FaceOf(SessionCell cell) => cell.Face ?? cell.GetFace(_controller);

    /// <summary>The status a browser is told of a session.</summary>
    public SessionStatus StatusOf(SessionCell cell)
    {
        var seen = cell.Read();
        return SessionStatus.Of(seen, TimingsOf(seen), Store.Now);
    }

    /// <summary>Applies every rule that is due.</summary>
    /// <param name="cell">The session.</param>
    /// <param name="patient">Whether an end that hangs on running handlers may wait for them.</param>
    public ValueTask<LookResult> LookAsync(SessionCell cell, bool patient = true)
    {
        while (true)
        {
            var now = Store.Now;
            var seen = cell.Read();
            if (seen.State == SessionState.Ended)
            {
                return new(LookResult.Ended);
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

            RaiseUnloaded(cell, timings, verdict.Kind == VerdictKind.Ends ? verdict.At : now);
            switch (verdict.Kind)
            {
                case VerdictKind.Lives:
                    return new(!seen.Raising ? LookResult.Alive
                        : Clockwork.IsInDoubt(seen, timings, now) ? LookResult.InDoubt
                        : LookResult.Asked);
                case VerdictKind.Waits when patient:
                    return new(LookResult.InDoubt);
            }

            var step = verdict.Kind == VerdictKind.TimesOut
                ? TimeOutAsync(cell, seen, timings, now)
                : EndAsync(cell, seen, verdict.Reason, now, timesOut);
            if (!step.IsCompletedSuccessfully)
            {
                return LookAfterAsync(step, cell, patient);
            }
        }
    }

    /// <summary>
    /// As <see cref="LookAsync"/>, and where the timeout handlers are being asked, waits for their answer for a second at most.
    /// </summary>
    /// <returns>Never <see cref="LookResult.InDoubt"/>: after the wait, an end that is certain anyway is applied.</returns>
    public async ValueTask<LookResult> LookAndWaitAsync(SessionCell cell)
    {
        var found = await LookAsync(cell);
        if (found is not (LookResult.Asked or LookResult.InDoubt))
        {
            return found;
        }

        if (cell.Read() is { Raising: true, Answer: { IsCompleted: false } pending })
        {
            using var stop = new CancellationTokenSource();
            await Task.WhenAny(pending, Task.Delay(s_patience, _time, stop.Token));
            await stop.CancelAsync();
        }

        found = await LookAsync(cell, patient: false);
        return found == LookResult.InDoubt ? LookResult.Asked : found;
    }

    /// <summary>
    /// Waits only where the session should have ended before, and nobody but handlers that were asked too late can tell whether it has:
    /// an expired session is never served.
    /// </summary>
    public async ValueTask<LookResult> LookAndWaitInDoubtAsync(SessionCell cell)
    {
        var found = await LookAsync(cell);
        return found == LookResult.InDoubt ? await LookAndWaitAsync(cell) : found;
    }

    /// <summary>
    /// Looks, waiting for nobody, and changes what lives in one step. False when the session has ended, or the change declined.
    /// </summary>
    public async ValueTask<bool> TryChangeAsync<TArgument>(SessionCell cell, TArgument argument, SessionChange<TArgument> change)
    {
        while (await LookAsync(cell, patient: false) != LookResult.Ended)
        {
            var now = Store.Now;
            var seen = cell.Read();
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

            if (await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, TimingsOf(next), now)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends a session now. True when this call decided it.</summary>
    public async ValueTask<bool> TryEndAsync(SessionCell cell, SessionEndReason reason)
    {
        // What was due before comes first: an exit does not rewrite why a session that was over had ended.
        while (await LookAsync(cell) != LookResult.Ended)
        {
            var seen = cell.Read();
            if (seen.State != SessionState.Ended && await EndAsync(cell, seen, reason, Store.Now, timesOut: false, whateverTouches: true))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends a session and waits for its exit handlers, unless it is called from inside one of its handlers.</summary>
    /// <returns>Whether this call decided it.</returns>
    public async Task<bool> ExitAsync(SessionCell cell, SessionEndReason reason)
    {
        var isOurs = await TryEndAsync(cell, reason);
        var face = FaceOf(cell);
        if (!WatchedCall.IsInside(face))
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
        IReadOnlyList<SessionCell> page;
        do
        {
            page = await Store.ListAsync(filter, after, PageSize, cancellationToken);
            foreach (var cell in page)
            {
                after = cell.Id;
                if (cell != except?.Cell && await TryEndAsync(cell, reason))
                {
                    yield return FaceOf(cell);
                }
            }
        }
        while (page.Count == PageSize);
    }

    /// <summary>
    /// Moves the lower bound of a session's next look on. Of a session that was touched since somebody looked, this is all a look has to do.
    /// </summary>
    /// <returns>False when something is due, or handlers are being asked.</returns>
    public bool Refresh(SessionCell cell, Moment now)
    {
        var seen = cell.Read();
        cell.Refresh(seen, Clockwork.NextDue(seen, TimingsOf(seen), now));
        return !seen.Raising && cell.NextDue > now;
    }

    private static SessionTimeoutContext TimeoutContext(TabSession face, in SessionSnapshot next, SessionTimings timings, Moment now)
    {
        var status = SessionStatus.Of(next, timings, now);
        var isPresent = next.LastSignal + timings.KeepAlive + timings.KeepAlive > now;
        return new SessionTimeoutContext(face, next.Occurrence, status.EndsIn ?? Timeout.InfiniteTimeSpan, isPresent);
    }

    private async ValueTask<LookResult> LookAfterAsync(ValueTask<bool> step, SessionCell cell, bool patient)
    {
        await step;
        return await LookAsync(cell, patient);
    }

    private async ValueTask<bool> TimeOutAsync(SessionCell cell, SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        var next = seen;
        var hasHandlers = _dispatcher.Wants(SessionEventKind.SessionTimeout);
        Clockwork.TimeOut(ref next, now, hasHandlers);
        HeldEvent? held = null;
        if (hasHandlers)
        {
            held = _dispatcher.Hold(new(SessionEventKind.SessionTimeout, TimeoutContext(FaceOf(cell), next, timings, now))
            {
                RaiseNumber = next.RaiseNumber,
                Completed = _conclude,
            });
            next.Answer = held.Value.Event.Done;
        }

        if (!await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, timings, now)))
        {
            held?.TakeOut();
            return false;
        }

        TimedOut(cell, next);
        held?.Release();
        return true;
    }

    private void TimedOut(SessionCell cell, in SessionSnapshot next)
    {
        _metrics.TimeoutRaised();
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            _logger.SessionTimedOut(cell.Id.ToString(), next.Occurrence);
        }
    }

    /// <summary>The timeout handlers have answered. Runs on the session's pump; whatever fails here must not stop it.</summary>
    private async ValueTask ConcludeAsync(SessionEvent raised)
    {
        var cell = raised.Context.Session.Cell;
        try
        {
            var outcome = await TryConcludeAsync(cell, raised) ? raised.Handled ? "handled" : "not handled" : "overtaken";
            if (_logger.IsEnabled(LogLevel.Debug))
            {
                _logger.TimeoutConcluded(cell.Id.ToString(), outcome);
            }

            // Not handled, and the countdown may be over already; handled, and something else may be due.
            await LookAsync(cell);
        }
        catch (Exception exception)
        {
            _logger.ConclusionFailed(exception, cell.Id.ToString());
        }
    }

    private async ValueTask<bool> TryConcludeAsync(SessionCell cell, SessionEvent raised)
    {
        while (true)
        {
            var now = Store.Now;
            var seen = cell.Read();
            var timings = TimingsOf(seen);
            var next = seen;

            // What is due whatever they said comes first; only an end that hangs on their answer has waited for it.
            if (Clockwork.Look(seen, timings, now).Kind == VerdictKind.Ends
                || !Clockwork.TryConclude(ref next, raised.RaiseNumber, raised.Handled, now))
            {
                return false;
            }

            if (await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, timings, now)))
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
    /// <param name="cell">The session.</param>
    /// <param name="seen">What was read.</param>
    /// <param name="reason">Why.</param>
    /// <param name="now">The moment of the look.</param>
    /// <param name="timesOut">Whether it times out on the way to its end, with nobody to ask.</param>
    /// <param name="whateverTouches">Whether it stands however often the session was touched since.</param>
    private async ValueTask<bool> EndAsync(
        SessionCell cell,
        SessionSnapshot seen,
        SessionEndReason reason,
        Moment now,
        bool timesOut,
        bool whateverTouches = false)
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
            isOurs = await Store.TryCommitAsync(cell, seen, next, Moment.Never, whateverTouches);
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
            TimedOut(cell, next);
        }

        _metrics.SessionEnded(reason);
        if (_logger.IsEnabled(LogLevel.Information))
        {
            _logger.SessionEnded(cell.Id.ToString(), reason);
        }

        // Nothing is committed after an end: what tells of it stands behind all that was.
        var face = FaceOf(cell);
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
            await Store.AcknowledgeEndAsync(session.Cell);
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

    private void RaiseUnloaded(SessionCell cell, SessionTimings timings, Moment now)
    {
        while (cell.TryTakeUnloaded(now, timings.Signal, out var page))
        {
            _logger.PageUnloaded(cell.Id.ToString(), page.OpenPages);
            if (_dispatcher.Wants(SessionEventKind.PageUnloaded))
            {
                _dispatcher.Raise(new(SessionEventKind.PageUnloaded, new PageUnloadedContext(FaceOf(cell), page)));
            }
        }
    }
}
