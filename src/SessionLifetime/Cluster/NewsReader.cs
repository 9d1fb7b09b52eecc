using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>Reads what is known to have changed elsewhere, beside the heartbeats: however much it is, they go on.</summary>
internal sealed class NewsReader
{
    private readonly SharedSessionDirectory _directory;
    private readonly ILogger _logger;
    private readonly WorkRounds _rounds;

    public NewsReader(SharedSessionDirectory directory, IWorkScheduler scheduler, ILogger<NewsReader> logger)
    {
        (_directory, _logger) = (directory, logger);
        _rounds = new(scheduler, ReadAsync);
    }

    /// <summary>There may be news: they are read as soon as those before are.</summary>
    public void Wake() => _rounds.Wake();

    private async ValueTask ReadAsync()
    {
        try
        {
            await _directory.News.ReadAsync();
        }
        catch (SessionStoreUnavailableException)
        {
            // They stay unread: the next heartbeat that is answered wakes this again.
        }
        catch (Exception exception)
        {
            _logger.NodeStepFailed(exception);
        }
    }
}
