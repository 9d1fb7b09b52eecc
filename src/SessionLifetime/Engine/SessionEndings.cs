using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;

namespace SessionLifetime.Engine;

/// <summary>What follows a committed end: its events, and after them the token, the connections and the disposals.</summary>
internal sealed class SessionEndings(
    TabSessions sessions,
    SessionEventDispatcher dispatcher,
    SessionDisposer disposer,
    ConnectionCloser closer,
    SessionMetrics metrics,
    IWorkScheduler scheduler,
    ILogger<SessionEndings> logger)
{
    /// <summary>Sessions that have ended, or are about to, and whose exit handlers have not run yet.</summary>
    public PendingWork Pending { get; } = new();

    /// <summary>Counts and logs an end that was committed here.</summary>
    public void Count(SessionEntry entry, SessionEndReason reason)
    {
        metrics.SessionEnded(reason);
        if (logger.IsEnabled(LogLevel.Information))
        {
            logger.SessionEnded(entry.Id.ToString(), reason);
        }
    }

    /// <summary>Raises what an end gives. Nothing is committed after it: its events stand behind all others.</summary>
    public void Raise(SessionEntry entry, in SessionSnapshot next, bool owesTimeout)
    {
        var session = sessions.Of(entry);
        if (owesTimeout && dispatcher.Wants(SessionEventKind.SessionTimeout))
        {
            var context = new SessionTimeoutContext(session, next.Occurrence, timeLeft: TimeSpan.Zero, isBrowserPresent: false);
            dispatcher.Raise(new(SessionEventKind.SessionTimeout, context));
        }

        dispatcher.Raise(new(SessionEventKind.ApplicationExit, new ApplicationExitContext(session, next.EndReason)) { Completed = CompleteAsync });
    }

    /// <summary>The exit handlers have run: <c>Completion</c> completes, and the token is cancelled on a thread of its own.</summary>
    private ValueTask CompleteAsync(SessionEvent exit)
    {
        LetGo(exit.Context.Session);
        Pending.Done();
        return default;
    }

    /// <summary>
    /// Lets go what a session that has ended keeps alive in this process: its token, its connections, what it owns. A second call does nothing. Its public object
    /// is made where there is none: who asks for it later finds it completed.
    /// </summary>
    public void LetGo(SessionEntry entry) => LetGo(sessions.Of(entry));

    private void LetGo(TabSession session)
    {
        var owns = disposer.TryBegin(session);
        var cancelling = session.Complete() is { } ended ? CancelEndedAsync(session, ended) : Task.CompletedTask;
        closer.Close(session, cancelling);
        if (owns)
        {
            disposer.DisposeAfter(session, cancelling);
        }
    }

    private async Task CancelEndedAsync(TabSession session, CancellationTokenSource ended)
    {
        try
        {
            await scheduler.Run(() =>
            {
                ended.Cancel();
                return Task.CompletedTask;
            });
        }
        catch (AggregateException exception)
        {
            logger.EndedCallbackThrew(exception, session.Id);
        }
    }
}
