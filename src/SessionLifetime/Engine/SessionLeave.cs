using Microsoft.Extensions.Options;
using SessionLifetime.Directories;
using SessionLifetime.Events;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>What a process that stops does with the live objects and connections of sessions that go on elsewhere.</summary>
internal sealed class SessionLeave(
    SessionDirectory directory,
    TabSessions sessions,
    SessionEventDispatcher dispatcher,
    SessionDisposer disposer,
    ConnectionCloser closer,
    IOptions<SessionLifetimeOptions> options,
    ProcessClock clock,
    TimeProvider time)
{
    /// <summary>How often it is looked whether a session's requests have left: its end, which tells that, does not come here.</summary>
    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Tells the handlers of each session that holds something live here, then closes its connections, and disposes what it owns once its requests have
    /// left.
    /// </summary>
    /// <returns>Completes when the handlers have run.</returns>
    public Task TellAsync() => Task.WhenAll(directory.All()
        .Where(static entry => entry.Observer is { HoldsLive: true })
        .Select(entry => dispatcher.Raise(new(SessionEventKind.SessionLeaving, new SessionLeavingContext(sessions.Of(entry))) { Completed = LetGo }).Done));

    private ValueTask LetGo(SessionEvent leaving)
    {
        var session = leaving.Context.Session;
        closer.Close(session, Task.CompletedTask);
        disposer.Open.Begin();
        _ = DisposeAsync(session);
        return default;
    }

    private async Task DisposeAsync(TabSession session)
    {
        using var limit = new TimeLimit(options.Value.DisposalTimeout, time, clock);
        while (session.Entry.HasRequests && !limit.HasPassed)
        {
            await TimedWait.ForAsync(limit.Passed, s_interval, time);
        }

        disposer.DisposeAfter(session, Task.CompletedTask);
    }
}
