using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;

namespace SessionLifetime.Engine;

/// <summary>
/// Ends every session when the server stops: begun at <c>ApplicationStopping</c>, while the server still answers, within one budget of
/// time, disposals included. What did not fit is logged.
/// </summary>
internal sealed class SessionShutdownService(
    SessionEngine engine,
    SessionDisposer disposer,
    ConnectionCloser closer,
    IHostApplicationLifetime lifetime,
    IOptions<SessionLifetimeOptions> options,
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
            logger.StoppedUnfinished(engine.Store.Count, options.Value.ShutdownTimeout);
        }
    }

    private Task EndAsync()
    {
        lock (_lock)
        {
            return _ending ??= Task.Run(EndAllAsync);
        }
    }

    private async Task EndAllAsync()
    {
        engine.Store.Close();
        var budget = options.Value.ShutdownTimeout;
        logger.Stopping(engine.Store.Count);
        using var stop = new CancellationTokenSource();
        var deadline = Task.Delay(budget, time, stop.Token);
        await foreach (var _ in engine.EndAllAsync(filter: default, SessionEndReason.HostStopping, except: null))
        {
            if (deadline.IsCompleted)
            {
                break;
            }
        }

        // Also for those that had ended just before.
        await Task.WhenAny(engine.Ends.WhenNoneAsync(), deadline);
        await Task.WhenAny(closer.Open.WhenNoneAsync(), deadline);
        await Task.WhenAny(disposer.Open.WhenNoneAsync(), deadline);
        await stop.CancelAsync();
        var unfinished = engine.Store.Count + engine.Ends.Count;
        if (unfinished > 0)
        {
            logger.StoppedUnfinished(unfinished, budget);
        }

        if (disposer.Open.Count is > 0 and var undisposed)
        {
            logger.StoppedUndisposed(undisposed, budget);
        }
    }
}
