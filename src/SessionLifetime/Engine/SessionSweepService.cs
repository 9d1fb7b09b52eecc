using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;

namespace SessionLifetime.Engine;

/// <summary>The hosted loop around the sweep. A pass that fails is logged, and the next one comes all the same.</summary>
internal sealed class SessionSweepService(
    SessionSweeper sweeper,
    IOptions<SessionLifetimeOptions> options,
    TimeProvider time,
    ILogger<SessionSweepService> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var interval = options.Value.SweepInterval;
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
        catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
        {
            logger.SweepFailed(exception, interval);
        }
    }
}
