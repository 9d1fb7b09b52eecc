using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime;

/// <summary>
/// The one place where the store, the policy and the events meet. Whoever deals with a session comes through here.
/// </summary>
/// <remarks>
/// <para>
/// Every method follows one pattern: read what is, ask the clockwork what is due, commit that in one step, begin again when somebody
/// else was faster. What was committed is told to the handlers afterwards, outside every lock. So each fact has one winner, and the
/// winner tells.
/// </para>
/// <para>
/// A look comes before a count: a request, a ping, a status read first applies the rules that are due, and only then counts as a
/// signal. So an expired session is never served, however long ago the last sweep was.
/// </para>
/// <para>
/// The life of an end: committed (one winner) -> an owed <c>SessionTimeout</c>, then <c>ApplicationExit</c> wait in the session's queue
/// -> their handlers run -> those who wait for the exit go on, the <c>Ended</c> token is cancelled.
/// </para>
/// </remarks>
internal sealed class SessionEngine : ITabSessionController
{
    /// <summary>How long lifecycle calls wait for the timeout handlers.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly SessionLifetimeOptions _options;
    private readonly SessionEventDispatcher _dispatcher;
    private readonly SessionMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SessionTimings _timings;
    private readonly Func<SessionEvent, ValueTask> _conclude;
    private readonly Func<SessionEvent, ValueTask> _complete;
    private int _isFull;

    public SessionEngine(
        ITabSessionStore store,
        IOptions<SessionLifetimeOptions> options,
        SessionEventDispatcher dispatcher,
        SessionMetrics metrics,
        TimeProvider time,
        ILogger<SessionEngine> logger)
    {
        Store = store;
        _options = options.Value;
        _dispatcher = dispatcher;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _timings = SessionTimings.Of(_options);
        _conclude = ConcludeAsync;
        _complete = CompleteAsync;
    }

    public ITabSessionStore Store { get; }

    /// <summary>Whether a page may ask to live as long as it is open.</summary>
    public bool AllowsStretch => _options.AllowStretch;

    /// <summary>The durations in force for a session.</summary>
    public SessionTimings TimingsOf(in SessionSnapshot seen) =>
        seen.Overrides is { } own ? SessionTimings.Of(_options, own) : _timings;

    public TabSession FaceOf(SessionCell cell) => cell.Face ?? cell.GetFace(this);

    /// <summary>Starts a session for a page that says hello; null when the store is full or closed.</summary>
    public async ValueTask<SessionCell?> TryStartAsync(PageId page, PageId tab, CancellationToken cancellationToken)
    {
        var now = Store.Now;
        var cell = new SessionCell(SessionId.Create(), PublicId.Create(), now);
        var seen = cell.Read();
        var due = Clockwork.NextDue(seen, _timings, now);
        if (!page.IsNone)
        {
            cell.TryAttachPage(page, tab, now, _timings.Signal);
        }

        cell.Prepare(due, isPlain: _timings.Unconfirmed == SessionTimings.Never);
        if (!await Store.TryAddAsync(cell, due, cancellationToken))
        {
            _metrics.Refused("capacity");
            if (Interlocked.Exchange(ref _isFull, 1) == 0)
            {
                _logger.AtCapacity(_options.MaxSessions);
            }

            return null;
        }

        _isFull = 0;
        _metrics.SessionStarted();
        if (_logger.IsEnabled(LogLevel.Information))
        {
            _logger.SessionStarted(cell.Id.ToString());
        }

        return cell;
    }

    /// <summary>Tells the handlers that a session started, and waits for them.</summary>
    public async ValueTask RaiseStartedAsync(SessionCell cell)
    {
        if (_dispatcher.Wants(SessionEventKind.SessionStarted))
        {
            var raised = await _dispatcher.RaiseAsync(new(SessionEventKind.SessionStarted, new SessionStartedContext(FaceOf(cell))));
            await raised.Done;
        }
    }

    /// <summary>Tells the handlers that a page of a living session attached, and waits for them.</summary>
    public async ValueTask RaiseResumedAsync(SessionCell cell, PageId page)
    {
        if (_dispatcher.Wants(SessionEventKind.SessionResumed))
        {
            var context = new SessionResumedContext(FaceOf(cell), page.ToString());
            var raised = await _dispatcher.RaiseAsync(new(SessionEventKind.SessionResumed, context));
            await raised.Done;
        }
    }

    /// <summary>Applies every rule that is due.</summary>
    /// <param name="cell">The session.</param>
    /// <param name="patient">Whether an end that hangs on running handlers may wait for them.</param>
    public async ValueTask<LookResult> LookAsync(SessionCell cell, bool patient = true)
    {
        while (true)
        {
            var now = Store.Now;
            var seen = cell.Read();
            if (seen.State == SessionState.Ended)
            {
                return LookResult.Ended;
            }

            var timings = TimingsOf(seen);
            var verdict = Clockwork.Look(seen, timings, now);
            await RaiseUnloadedAsync(cell, timings, verdict.Kind == VerdictKind.Ends ? verdict.At : now);
            switch (verdict.Kind)
            {
                case VerdictKind.TimesOut:
                    await TimeOutAsync(cell, seen, timings, now);
                    break;
                case VerdictKind.Ends:
                case VerdictKind.Waits when !patient:
                    await EndAsync(cell, seen, timings, verdict.Reason, now);
                    break;
                case VerdictKind.Waits:
                    return LookResult.InDoubt;
                default:
                    return !seen.Raising ? LookResult.Alive
                        : Clockwork.IsInDoubt(seen, timings, now) ? LookResult.InDoubt
                        : LookResult.Asked;
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
    /// Counts a signal of a session, after a look that waits for nobody: who wants to wait has done so. False when the session has ended.
    /// </summary>
    public async ValueTask<bool> TryCountAsync(SessionCell cell, Signal signal)
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
            Clockwork.Count(ref next, signal, timings, now);
            if (await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, timings, now)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Begins a request that holds the clocks while it is in flight: the look, the signal, the hold. Null when the session has ended.
    /// </summary>
    /// <remarks>
    /// A request never waits for timeout handlers, with one exception: where the session should have ended before it came and only
    /// late handlers can tell. It then waits as a lifecycle call does, since an expired session is never served.
    /// </remarks>
    public ValueTask<RequestHold?> TryBeginAsync(SessionCell cell, bool isActivity)
    {
        var now = Store.Now;
        var hold = NewHold(cell, isActivity, now);
        if (cell.TryBegin(hold, now))
        {
            Store.Touched(cell);
            return new(hold);
        }

        return BeginSlowlyAsync(cell, isActivity);
    }

    /// <summary>The request completed, or stopped being one that holds.</summary>
    public void Release(RequestHold hold)
    {
        hold.Cell.Release(hold, Store.Now);
        Store.Touched(hold.Cell);
    }

    /// <summary>A page says hello to a living session. False when the session has ended.</summary>
    public bool TryAttachPage(SessionCell cell, PageId page, PageId tab)
    {
        var attached = cell.TryAttachPage(page, tab, Store.Now, TimingsOf(cell.Read()).Signal);
        Store.Touched(cell);
        return attached;
    }

    /// <summary>A page says good-bye: a signal, and perhaps the beginning of the end.</summary>
    public async ValueTask DetachAsync(SessionCell cell, PageId page, bool persisted)
    {
        if (await LookAndWaitAsync(cell) == LookResult.Ended || !await TryCountAsync(cell, Signal.GoodBye))
        {
            return;
        }

        var now = Store.Now;
        var timings = TimingsOf(cell.Read());
        if (page.IsNone || !cell.TryDetachPage(page, persisted, now, _options.UnloadGrace, timings.Signal, out var openPages))
        {
            return;
        }

        if (openPages == 0 && _options.SelfDestructOnUnload is { } after)
        {
            // Unless a page has attached meanwhile, which would be a later signal.
            await ArmAsync(cell, now + after, onlyWithoutPages: true);
        }

        Store.Reschedule(cell, cell.NextDue);
        if (_options.UnloadGrace == TimeSpan.Zero)
        {
            await LookAsync(cell);
        }
    }

    /// <summary>Ends a session now. True when this call decided it.</summary>
    public async ValueTask<bool> TryEndAsync(SessionCell cell, SessionEndReason reason)
    {
        // What was due before comes first: an exit does not rewrite why a session that was over had ended.
        while (await LookAsync(cell) != LookResult.Ended)
        {
            var seen = cell.Read();
            if (seen.State != SessionState.Ended && await EndAsync(cell, seen, TimingsOf(seen), reason, Store.Now))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Ends every session but one; gives those this call ended, as it goes.</summary>
    public async IAsyncEnumerable<TabSession> EndAllAsync(
        SessionEndReason reason,
        TabSession? except,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        const int PageSize = 65_536;
        PublicId? after = null;
        IReadOnlyList<SessionCell> page;
        do
        {
            page = await Store.ListAsync(after, PageSize, cancellationToken);
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

    /// <summary>After a look that found nothing due: when the next one is.</summary>
    public void Reschedule(SessionCell cell)
    {
        var seen = cell.Read();
        cell.Refresh(seen, Clockwork.NextDue(seen, TimingsOf(seen), Store.Now));
        Store.Reschedule(cell, cell.NextDue);
    }

    public async Task ExitAsync(SessionCell cell, SessionEndReason reason)
    {
        await TryEndAsync(cell, reason);
        var face = FaceOf(cell);
        if (!HandlerScope.IsInside(face))
        {
            await face.Completion;
        }
    }

    /// <summary>The status a browser is told of a living session.</summary>
    public SessionStatus StatusOf(SessionCell cell)
    {
        var seen = cell.Read();
        return SessionStatus.Of(seen, TimingsOf(seen), Store.Now);
    }

    public DateTimeOffset ToUtc(Moment moment) => Store.ToUtc(moment);

    public bool MarkActivity(SessionCell cell)
    {
        if (cell.TryTouch(Store.Now, isActivity: true))
        {
            Store.Touched(cell);
            return true;
        }

        return Wait(TryCountAsync(cell, Signal.Activity));
    }

    public void SelfDestruct(SessionCell cell, TimeSpan? after) => Wait(ArmAsync(cell, after is { } delay ? Store.Now + delay : Moment.Never));

    public void Override(SessionCell cell, Func<TimeoutOverrides, TimeoutOverrides> change) => Wait(OverrideAsync(cell, change));

    public TimeoutOverrides EffectiveTimeouts(SessionCell cell)
    {
        var timings = TimingsOf(cell.Read());
        return new(
            timings.IdleTimeout == SessionTimings.Never ? TimeSpan.Zero : timings.IdleTimeout,
            timings.Countdown,
            timings.Signal == SessionTimings.Never ? null : timings.Signal,
            timings.Absolute == SessionTimings.Never ? null : timings.Absolute);
    }

    public int CountOpenPages(SessionCell cell) => cell.CountOpenPages(Store.Now, TimingsOf(cell.Read()).Signal);

    /// <summary>
    /// The result of a step that TabSession's synchronous members take. The in-memory store never waits; a shared one keeps these steps
    /// local and writes them down later, so that it does not either.
    /// </summary>
    private static T Wait<T>(ValueTask<T> step) => step.IsCompleted ? step.Result : step.AsTask().GetAwaiter().GetResult();

    private RequestHold NewHold(SessionCell cell, bool isActivity, Moment now) =>
        new() { Cell = cell, IsActivity = isActivity, Until = now + _options.MaxRequestHold };

    private async ValueTask<RequestHold?> BeginSlowlyAsync(SessionCell cell, bool isActivity)
    {
        var found = await LookAsync(cell);
        if (found == LookResult.InDoubt)
        {
            found = await LookAndWaitAsync(cell);
        }

        if (found == LookResult.Ended || !await TryCountAsync(cell, isActivity ? Signal.Activity : Signal.Alive))
        {
            return null;
        }

        var now = Store.Now;
        var hold = NewHold(cell, isActivity, now);
        return cell.TryHold(hold, now) ? hold : null;
    }

    private async ValueTask TimeOutAsync(SessionCell cell, SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        var next = seen;
        var hasHandlers = _dispatcher.Wants(SessionEventKind.SessionTimeout);
        Clockwork.TimeOut(ref next, now, hasHandlers);
        SessionEvent? raised = null;
        if (hasHandlers)
        {
            raised = new(SessionEventKind.SessionTimeout, TimeoutContext(FaceOf(cell), next, timings, now))
            {
                RaiseNumber = next.RaiseNumber,
                Completed = _conclude,
            };
            next.Answer = raised.Done;
        }

        if (!await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, timings, now)))
        {
            return;
        }

        _metrics.TimeoutRaised();
        if (_logger.IsEnabled(LogLevel.Debug))
        {
            _logger.SessionTimedOut(cell.Id.ToString(), next.Occurrence);
        }

        if (raised is not null)
        {
            await _dispatcher.RaiseAsync(raised);
        }
    }

    private static SessionTimeoutContext TimeoutContext(TabSession face, in SessionSnapshot next, SessionTimings timings, Moment now)
    {
        var status = SessionStatus.Of(next, timings, now);
        var isPresent = next.LastSignal + timings.KeepAlive + timings.KeepAlive > now;
        return new SessionTimeoutContext(face, next.Occurrence, status.EndsIn ?? Timeout.InfiniteTimeSpan, isPresent);
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
            _logger.LookFailed(exception, cell.Id.ToString());
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

    private async ValueTask<bool> EndAsync(SessionCell cell, SessionSnapshot seen, SessionTimings timings, SessionEndReason reason, Moment now)
    {
        var next = seen;
        var owesTimeout = Clockwork.OwesTimeout(seen, reason);
        if (owesTimeout)
        {
            Clockwork.TimeOut(ref next, now, hasHandlers: false);
        }

        var raised = next;
        Clockwork.End(ref next, reason);
        if (!await Store.TryCommitAsync(cell, seen, next, Moment.Never))
        {
            return false;
        }

        _metrics.SessionEnded(reason);
        if (_logger.IsEnabled(LogLevel.Information))
        {
            _logger.SessionEnded(cell.Id.ToString(), reason);
        }

        var face = FaceOf(cell);
        if (owesTimeout)
        {
            _metrics.TimeoutRaised();
            await _dispatcher.RaiseAsync(new(SessionEventKind.SessionTimeout, new SessionTimeoutContext(
                face,
                raised.Occurrence,
                timeLeft: TimeSpan.Zero,
                isBrowserPresent: false)));
        }

        await _dispatcher.RaiseAsync(new(SessionEventKind.ApplicationExit, new ApplicationExitContext(face, reason)) { Completed = _complete });
        return true;
    }

    /// <summary>The exit handlers have run: those who wait go on, and the token is cancelled where its callbacks delay nobody.</summary>
    private ValueTask CompleteAsync(SessionEvent exit)
    {
        var session = exit.Context.Session;
        if (session.Complete() is { } ended)
        {
            _ = CancelAsync(session, ended);
        }

        return default;
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

    private async ValueTask RaiseUnloadedAsync(SessionCell cell, SessionTimings timings, Moment now)
    {
        while (cell.TryTakeUnloaded(now, timings.Signal, out var page))
        {
            _logger.PageUnloaded(cell.Id.ToString(), page.OpenPages);
            if (_dispatcher.Wants(SessionEventKind.PageUnloaded))
            {
                await _dispatcher.RaiseAsync(new(SessionEventKind.PageUnloaded, new PageUnloadedContext(FaceOf(cell), page)));
            }
        }
    }

    private async ValueTask<bool> ArmAsync(SessionCell cell, Moment at, bool onlyWithoutPages = false)
    {
        while (await LookAsync(cell) != LookResult.Ended)
        {
            var seen = cell.Read();
            var next = seen;
            if (onlyWithoutPages && CountOpenPages(cell) > 0)
            {
                return false;
            }

            next.SelfDestructAt = at;
            if (seen.State != SessionState.Ended
                && await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, TimingsOf(next), Store.Now)))
            {
                return true;
            }
        }

        return false;
    }

    private async ValueTask<bool> OverrideAsync(SessionCell cell, Func<TimeoutOverrides, TimeoutOverrides> change)
    {
        while (await LookAsync(cell) != LookResult.Ended)
        {
            var now = Store.Now;
            var seen = cell.Read();
            var next = seen;
            var own = change(seen.Overrides ?? TimeoutOverrides.None);
            next.Overrides = own == TimeoutOverrides.None ? null : own;
            var timings = TimingsOf(next);
            Clockwork.Reconsider(ref next, timings, now);
            if (seen.State != SessionState.Ended && await Store.TryCommitAsync(cell, seen, next, Clockwork.NextDue(next, timings, now)))
            {
                return true;
            }
        }

        return false;
    }
}
