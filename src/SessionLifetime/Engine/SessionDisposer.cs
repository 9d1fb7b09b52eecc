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
    ILogger<SessionDisposer> logger)
{
    private readonly TimeSpan _timeout = options.Value.DisposalTimeout;

    /// <summary>The sessions that still wait for it.</summary>
    public PendingWork Open { get; } = new();

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

        scheduler.Queue(new Disposal(this, session));
    }

    private async Task DisposeAsync(TabSession session)
    {
        try
        {
            foreach (var owned in session.Owned.Close())
            {
                await TryDisposeAsync(owned, session);
            }
        }
        catch (Exception exception)
        {
            // Not awaited.
            logger.DisposalThrew(exception, "scope", session.Id);
        }
        finally
        {
            session.ForgetOwned();
            Open.Done();
        }
    }

    private async ValueTask TryDisposeAsync(object owned, TabSession session)
    {
        try
        {
            if (owned is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync().AsTask().WaitAsync(_timeout, time);
            }
            else
            {
                ((IDisposable)owned).Dispose();
            }
        }
        catch (Exception exception)
        {
            logger.DisposalThrew(exception, owned.GetType().ToString(), session.Id);
        }
    }

    private sealed class Disposal(SessionDisposer disposer, TabSession session) : IThreadPoolWorkItem
    {
        public void Execute() => _ = disposer.DisposeAsync(session);
    }
}
