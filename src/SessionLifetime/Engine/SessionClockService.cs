using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>
/// Watches the clock while the host runs. After a stretch in which the process did not run, sessions with an absolute timeout are due
/// earlier by the clock than was known: they are looked at anew.
/// </summary>
internal sealed class SessionClockService(
    SessionClock clock,
    ProcessClock process,
    AllSessions sessions,
    IWorkScheduler scheduler,
    ILogger<SessionClockService> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        clock.Resumed += OnResumed;
        clock.Watch();
        process.Watch();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        clock.Resumed -= OnResumed;
        return Task.CompletedTask;
    }

    /// <summary>Looks anew at the sessions that the clock cannot put off.</summary>
    internal async Task RescheduleAsync()
    {
        try
        {
            await sessions.RescheduleAbsoluteAsync();
        }
        catch (Exception exception)
        {
            logger.RescheduleFailed(exception);
        }
    }

    private void OnResumed(TimeSpan duration)
    {
        logger.DidNotRun(duration);
        _ = scheduler.Run(RescheduleAsync);
    }
}
