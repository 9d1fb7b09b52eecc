using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Engine;

/// <summary>
/// Ends every session when the server stops: begun at <c>ApplicationStopping</c>, while the server still answers, within one budget of
/// time, disposals included. What did not fit is logged.
/// </summary>
internal sealed class SessionShutdownService(
    SessionEngine engine,
    AllSessions sessions,
    SessionDisposer disposer,
    SessionLeave leave,
    ConnectionCloser closer,
    IHostApplicationLifetime lifetime,
    IOptions<SessionLifetimeOptions> options,
    IWorkScheduler scheduler,
    TimeProvider time,
    ILogger<SessionShutdownService> logger) : IHostedService
{
    private readonly Lock _lock = new();
    private CancellationTokenRegistration _registration;
    private Task? _ending;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _registration = lifetime.ApplicationStopping.Register(() => _ = EndAsync());
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _registration.DisposeAsync();
        try
        {
            await EndAsync().WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The host's own budget is smaller than ours.
            logger.StoppedUnfinished(engine.Directory.Count, options.Value.ShutdownTimeout);
        }
    }

    private Task EndAsync()
    {
        lock (_lock)
        {
            return _ending ??= scheduler.Run(EndAllAsync);
        }
    }

    private async Task EndAllAsync()
    {
        engine.Directory.Close();
        var budget = options.Value.ShutdownTimeout;
        using var limit = new TimeLimit(budget, time);
        if (engine.Directory.EndsWithProcess)
        {
            logger.Stopping(engine.Directory.Count);
            await foreach (var _ in sessions.EndAsync(filter: default, SessionEndReason.HostStopping, except: null))
            {
                if (limit.HasPassed)
                {
                    break;
                }
            }
        }
        else
        {
            logger.Leaving();
            await limit.WaitForAsync(leave.TellAsync());
            await FlushAsync();
        }

        // Also for those that had ended just before.
        await limit.WaitForAsync(engine.Ends.WhenNoneAsync());
        await limit.WaitForAsync(closer.Open.WhenNoneAsync());
        await limit.WaitForAsync(disposer.Open.WhenNoneAsync());
        var unfinished = (engine.Directory.EndsWithProcess ? engine.Directory.Count : 0) + engine.Ends.Count;
        if (unfinished > 0)
        {
            logger.StoppedUnfinished(unfinished, budget);
        }

        if (disposer.Open.Count is > 0 and var undisposed)
        {
            logger.StoppedUndisposed(undisposed, budget);
        }
    }

    private async ValueTask FlushAsync()
    {
        try
        {
            await engine.Directory.FlushAsync();
        }
        catch (SessionStoreUnavailableException exception)
        {
            // Tried once more when the node signs off; what is lost then are touches, and no session.
            logger.LeavingFailed(exception);
        }
    }
}
