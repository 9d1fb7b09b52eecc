using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Engine;

/// <summary>The loop around the sweep, which runs from the start of the host to its stop. A pass that fails is logged, and the next one comes all the same.</summary>
internal sealed class SessionSweepService(
    SessionSweeper sweeper,
    SessionDirectory directory,
    IWorkScheduler scheduler,
    TimeProvider time,
    ILogger<SessionSweepService> logger) : IHostedService, IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private Task _loop = Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _loop = scheduler.Run(() => LoopAsync(_stop.Token));
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // Not asynchronously: that would take a thread beside the scheduler. The loop is all that listens.
        _stop.Cancel();
        try
        {
            await _loop.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The host waits no longer; the pass that runs is the last one.
        }
    }

    /// <summary>Also where the host did not come to stopping it.</summary>
    public void Dispose() => _stop.Cancel();

    private async Task LoopAsync(CancellationToken stoppingToken)
    {
        var interval = directory.SweepInterval;
        try
        {
            // Servers that start together do not sweep together.
            await Task.Delay(interval * Random.Shared.NextDouble(), time, stoppingToken);
            using var timer = new PeriodicTimer(interval, time);
            do
            {
                await SweepAsync(interval, stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host stops.
        }
    }

    private async ValueTask SweepAsync(TimeSpan interval, CancellationToken stoppingToken)
    {
        try
        {
            await sweeper.SweepAsync(stoppingToken);
        }
        catch (SessionStoreUnavailableException)
        {
            // It has been said that the store is away.
        }
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.SweepFailed(exception, interval);
        }
    }
}
