using SessionLifetime.Directories;
using SessionLifetime.Events;
using SessionLifetime.Sessions;

namespace SessionLifetime.Engine;

/// <summary>What a process that stops does with the live objects and connections of sessions that go on elsewhere.</summary>
internal sealed class SessionLeave(
    SessionDirectory directory, TabSessions sessions, SessionEventDispatcher dispatcher, SessionDisposer disposer, ConnectionCloser closer)
{
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
        disposer.DisposeAfter(session, Task.CompletedTask);
        return default;
    }
}
