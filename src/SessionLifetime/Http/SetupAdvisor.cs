using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SessionLifetime;

/// <summary>Says, when the app has started, what it has forgotten to call: by then its pipeline and its endpoints are there.</summary>
internal sealed class SetupAdvisor(SetupNotes notes, ILogger<SetupAdvisor> logger) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (notes is { IsUsed: true, IsMapped: false })
        {
            logger.NotMapped();
        }

        return Task.CompletedTask;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
