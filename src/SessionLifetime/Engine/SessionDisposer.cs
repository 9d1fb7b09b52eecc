using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Events;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>
/// Disposes what ended sessions owned: once the last request that has the session has left, or <c>DisposalTimeout</c> has passed; newest
/// first, each object once, whatever the others throw.
/// </summary>
/// <remarks>Disposing is the app's code and may block: it runs where handlers run, and delays neither the sweep nor a request.</remarks>
internal sealed class SessionDisposer : IDisposable
{
    private readonly TimeSpan _timeout;
    private readonly ProcessClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly DisposalSurroundings _surroundings;

    public SessionDisposer(
        IWorkScheduler scheduler, ProcessClock clock, IOptions<SessionLifetimeOptions> options, TimeProvider time, ILogger<SessionDisposer> logger)
    {
        (_timeout, _clock, _time, _logger) = (options.Value.DisposalTimeout, clock, time, logger);
        _surroundings = new(scheduler, new HandlerWatch(clock, time, _timeout, options.Value.MaxConcurrentHandlers), Report, OnDone);
    }

    /// <summary>The sessions that still wait for it.</summary>
    public PendingWork Open { get; } = new();

    public void Dispose() => _surroundings.Watch.Dispose();

    /// <summary>
    /// The session has ended, and its handlers have run. Counted before <c>Completion</c> completes: a caller that then waits for the
    /// disposals misses none.
    /// </summary>
    /// <returns>Whether there is something to dispose, or may be until the last request has left.</returns>
    public bool TryBegin(TabSession session)
    {
        if (session.TryCloseEmpty())
        {
            return false;
        }

        Open.Begin();
        return true;
    }

    /// <summary>Disposes what was begun.</summary>
    /// <param name="session">The session.</param>
    /// <param name="cancelling">Completes when the callbacks of its token have run.</param>
    public void DisposeAfter(TabSession session, Task cancelling) =>
        _ = WaitAsync(session, Task.WhenAll(cancelling, session.Owned.WhenUnused(session.Entry)));

    private async Task WaitAsync(TabSession session, Task unused)
    {
        if (!unused.IsCompleted)
        {
            using var limit = new TimeLimit(_timeout, _time, _clock);
            await limit.WaitForAsync(unused);
            if (!unused.IsCompleted)
            {
                _logger.DisposalNotWaited(session.Id, _timeout);
            }
        }

        _surroundings.Scheduler.Queue(new SessionDisposal(_surroundings, session));
    }

    private void Report(Exception exception, string type, TabSession session) => _logger.DisposalThrew(exception, type, session.Id);

    private void OnDone(TabSession session)
    {
        session.ForgetOwned();
        Open.Done();
    }
}
