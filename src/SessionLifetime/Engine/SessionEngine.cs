using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>
/// The one place where directory, policy and events meet: it applies the rules to sessions, changes them, and ends them.
/// </summary>
/// <remarks>
/// <para>
/// Every decision goes through one loop (<see cref="CommitLoop"/>): read what is, ask the clockwork for the next step, commit that in one
/// atomic step, begin again when another thread was faster. What was committed is raised afterwards, outside every lock, by the thread that committed it.
/// </para>
/// <para>
/// The rules come before a count: a request, a ping, a status read first applies the rules that are due, and only then counts as a signal.
/// So an expired session is never served, however long ago the last sweep was.
/// </para>
/// <para>
/// An end: committed (one winner) -> an owed <c>SessionTimeout</c>, then <c>ApplicationExit</c> reach their handlers -> those who wait for
/// the exit go on, the <c>Ended</c> token is cancelled, connections are closed -> the requests that use the session complete -> what it
/// owned is disposed.
/// </para>
/// </remarks>
internal sealed class SessionEngine
{
    /// <summary>How long lifecycle calls wait for the timeout handlers.</summary>
    private static readonly TimeSpan s_handlerWait = TimeSpan.FromSeconds(1);

    private readonly CommitLoop _commits;
    private readonly SessionEndings _endings;
    private readonly SessionMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TimingsInForce _timings;
    private readonly TabSessions _sessions;

    public SessionEngine(
        SessionDirectory directory,
        TabSessions sessions,
        IOptions<SessionLifetimeOptions> options,
        SessionEventDispatcher dispatcher,
        SessionEndings endings,
        SessionMetrics metrics,
        TimingsInForce timings,
        TimeProvider time,
        ILogger<SessionEngine> logger)
    {
        Directory = directory;
        _sessions = sessions;
        Options = options.Value;
        _endings = endings;
        _metrics = metrics;
        _time = time;
        _logger = logger;
        _timings = timings;
        Rotation = new SessionRotation(directory, Options.IdRotationOverlap);
        _commits = new(directory, sessions, dispatcher, endings, metrics, timings, async raised => await TryConcludeAsync(raised), logger);
    }

    public SessionDirectory Directory { get; }

    public SessionRotation Rotation { get; }

    public SessionLifetimeOptions Options { get; }

    /// <summary>Sessions that have ended, or are about to, and whose exit handlers have not run yet.</summary>
    public PendingWork Ends => _endings.Pending;

    /// <summary>The durations in force for a session.</summary>
    public SessionTimings TimingsOf(in SessionSnapshot seen) => _timings.Of(seen);

    /// <summary>The session's public object.</summary>
    public TabSession TabSessionOf(SessionEntry entry) => _sessions.Of(entry);

    /// <summary>The status a browser is told of a session.</summary>
    public SessionStatus StatusOf(SessionEntry entry)
    {
        var seen = Directory.Read(entry);
        return SessionStatus.Of(seen, TimingsOf(seen), Directory.Now);
    }

    /// <summary>Applies every rule that is due.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="waitForHandlers">Whether an end that hangs on running handlers may wait for them.</param>
    public async ValueTask<DueRulesResult> ApplyDueRulesAsync(SessionEntry entry, bool waitForHandlers = true)
    {
        var result = await _commits.RunAsync<bool>(entry, argument: default, change: null, waitForHandlers ? CommitKind.Conclusive : CommitKind.Change);
        return result switch
        {
            CommitResult.Ended => DueRulesResult.Ended,
            CommitResult.Asked => DueRulesResult.Asked,
            CommitResult.InDoubt => DueRulesResult.InDoubt,
            _ => DueRulesResult.Alive,
        };
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

        if (entry.Read().Raising && entry.Answer is { IsCompleted: false } pending)
        {
            await TimedWait.ForAsync(pending, s_handlerWait, _time);
        }

        found = await ApplyDueRulesAsync(entry, waitForHandlers: false);
        return found == DueRulesResult.InDoubt ? DueRulesResult.Asked : found;
    }

    /// <summary>
    /// Waits only where rule 5 is overdue and depends on handlers that were asked too late:
    /// an expired session is never served.
    /// </summary>
    public async ValueTask<DueRulesResult> ApplyDueRulesAndWaitInDoubtAsync(SessionEntry entry)
    {
        var found = await ApplyDueRulesAsync(entry);
        return found == DueRulesResult.InDoubt ? await ApplyDueRulesAndWaitAsync(entry) : found;
    }

    /// <summary>
    /// As <see cref="ApplyDueRulesAndWaitAsync"/>, for an answer that counts no signal: where the session may have changed elsewhere, its store is asked before.
    /// </summary>
    /// <param name="entry">The session.</param>
    /// <param name="waitForHandlers">Whether to wait for handlers that are being asked; otherwise only where an end is overdue and hangs on them.</param>
    public async ValueTask<DueRulesResult> LookAsync(SessionEntry entry, bool waitForHandlers = true)
    {
        DueRulesResult found;
        do
        {
            found = waitForHandlers ? await ApplyDueRulesAndWaitAsync(entry) : await ApplyDueRulesAndWaitInDoubtAsync(entry);
        }
        while (found != DueRulesResult.Ended && !await Directory.TryConfirmAsync(entry));

        return found;
    }

    /// <summary>
    /// Applies every rule that is due, waiting for no handlers, and then changes what lives. False when the session has ended, or the change
    /// declined.
    /// </summary>
    public async ValueTask<bool> TryChangeAsync<TArgument>(SessionEntry entry, TArgument argument, SessionChange<TArgument> change) =>
        await _commits.RunAsync(entry, argument, change) == CommitResult.Changed;

    /// <summary>As <see cref="TryChangeAsync"/>, for a change of stamps and what follows from them: a signal.</summary>
    public async ValueTask<bool> TryTouchAsync<TArgument>(SessionEntry entry, TArgument argument, SessionChange<TArgument> change) =>
        await _commits.RunAsync(entry, argument, change, CommitKind.Touch) == CommitResult.Changed;

    /// <summary>Ends a session now. True when this call decided it.</summary>
    /// <remarks>What was due before comes first: an exit does not rewrite why a session that was over had ended.</remarks>
    public async ValueTask<bool> TryEndAsync(SessionEntry entry, SessionEndReason reason)
    {
        try
        {
            return await _commits.RunAsync(
                entry,
                reason,
                static (ref SessionSnapshot next, SessionTimings timings, Moment now, SessionEndReason reason) =>
                {
                    Clockwork.End(ref next, reason, now, timings, now);
                    return true;
                },
                CommitKind.Conclusive) == CommitResult.Changed;
        }
        catch (SessionStoreUnavailableException) when (Directory.TryKeepEnd(entry, reason))
        {
            return true;
        }
    }

    /// <summary>Ends a session and waits for its exit handlers, unless it is called from inside a handler.</summary>
    /// <returns>Whether this call decided it.</returns>
    public async Task<bool> EndAndWaitAsync(SessionEntry entry, SessionEndReason reason)
    {
        var isOurs = await TryEndAsync(entry, reason);
        if (!HandlerInvocation.IsInside && entry.IsEnded)
        {
            await Directory.WhenExitedAsync(entry, TabSessionOf(entry).Completion);
        }

        return isOurs;
    }

    /// <summary>
    /// Moves the lower bound of a session's next look on. For a session that was touched since the last look, this is all a look does.
    /// </summary>
    /// <returns>False when something is due, or handlers are being asked.</returns>
    public bool Refresh(SessionEntry entry, Moment now)
    {
        var seen = Directory.Read(entry);
        return Directory.TryRefresh(entry, seen, Clockwork.NextDue(seen, TimingsOf(seen), now), now) && !seen.Raising;
    }

    /// <summary>The timeout handlers have answered. Runs on the session's pump; whatever fails here must not stop it.</summary>
    /// <returns>False when that could not be written: it is to be tried again.</returns>
    public async ValueTask<bool> TryConcludeAsync(SessionEvent raised)
    {
        var entry = raised.Context.Session.Entry;
        try
        {
            // What is due whatever they said comes first; only an end that hangs on their answer has waited for it.
            var result = await _commits.RunAsync(
                entry,
                raised,
                static (ref SessionSnapshot next, SessionTimings timings, Moment now, SessionEvent raised) =>
                    Clockwork.TryConclude(ref next, raised.RaiseNumber, raised.Handled, timings, now),
                CommitKind.Conclusive);
            var isConcluded = result == CommitResult.Changed;
            if (isConcluded && raised.Handled)
            {
                _metrics.TimeoutHandled();
            }

            if (_logger.IsEnabled(LogLevel.Debug))
            {
                _logger.TimeoutConcluded(entry.Id.ToString(), !isConcluded ? "overtaken" : raised.Handled ? "handled" : "not handled");
            }

            // Not handled, and the countdown may be over already; handled, and something else may be due.
            await ApplyDueRulesAsync(entry);
            return true;
        }
        catch (Exception exception)
        {
            _logger.ConclusionFailed(exception, entry.Id.ToString());
            return false;
        }
    }
}
