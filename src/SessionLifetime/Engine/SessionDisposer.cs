using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Events;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Engine;

/// <summary>
/// Disposes what ended sessions owned: once the last request that has the session has left, or <c>DisposalTimeout</c> has passed; newest
/// first, each object once, whatever the others throw.
/// </summary>
/// <remarks>Disposing is the app's code and may block: it runs where handlers run, and delays neither the sweep nor a request.</remarks>
internal sealed class SessionDisposer(
    IWorkScheduler scheduler,
    IOptions<SessionLifetimeOptions> options,
    TimeProvider time,
    ILogger<SessionDisposer> logger) : IDisposable
{
    private readonly TimeSpan _timeout = options.Value.DisposalTimeout;

    /// <summary>The sessions that still wait for it.</summary>
    public PendingWork Open { get; } = new();

    /// <summary>Abandons what takes longer than <c>DisposalTimeout</c>.</summary>
    public HandlerWatch Watch { get; } = new(time, options.Value.DisposalTimeout, options.Value.MaxConcurrentHandlers);

    public IWorkScheduler Scheduler => scheduler;

    public void Dispose() => Watch.Dispose();

    /// <summary>Logs that an object was not disposed as it should be.</summary>
    public void Report(Exception exception, string type, TabSession session) => logger.DisposalThrew(exception, type, session.Id);

    /// <summary>All that a session owned is disposed.</summary>
    public void OnDone(TabSession session)
    {
        session.ForgetOwned();
        Open.Done();
    }

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
        try
        {
            await unused.WaitAsync(_timeout, time);
        }
        catch (TimeoutException)
        {
            logger.DisposalNotWaited(session.Id, _timeout);
        }

        scheduler.Queue(new SessionDisposal(this, session));
    }
}
