using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>Reads what is known to have changed elsewhere, beside the heartbeats: however much it is, they go on.</summary>
internal sealed class NewsReader(SharedSessionDirectory directory, IWorkScheduler scheduler, ILogger<NewsReader> logger)
{
    private int _state;

    /// <summary>There may be news: they are read as soon as those before are.</summary>
    public void Wake()
    {
        // 0: nothing runs. 1: a round runs. 2: another one is wanted after it.
        if (Interlocked.Exchange(ref _state, 2) == 0)
        {
            _ = scheduler.Run(RunAsync);
        }
    }

    private async Task RunAsync()
    {
        do
        {
            Volatile.Write(ref _state, 1);
            try
            {
                await directory.ReadNewsAsync();
            }
            catch (SessionStoreUnavailableException)
            {
                // They stay unread: the next heartbeat that is answered wakes this again.
            }
            catch (Exception exception)
            {
                logger.NodeStepFailed(exception);
            }
        }
        while (Interlocked.CompareExchange(ref _state, 0, 1) != 1);
    }
}
