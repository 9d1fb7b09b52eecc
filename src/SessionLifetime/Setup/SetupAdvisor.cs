using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.Components.Server.ProtectedBrowserStorage;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Reading;
using SessionLifetime.Scoping;

namespace SessionLifetime.Setup;

/// <summary>Says, when the app has started, what it has forgotten to call: by then its pipeline and its endpoints are there.</summary>
internal sealed class SetupAdvisor(SetupNotes notes, IServiceProvider services, ILogger<SetupAdvisor> logger) : IHostedLifecycleService
{
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (notes is { IsUsed: true, IsMapped: false })
        {
            logger.NotMapped();
        }

        // Endpoints are listed only where hubs can be among them and something may be missing: it takes time.
        var parts = services.GetServices<RegisteredFeature>().ToList();
        if ((Misses(RegisteredFeature.Hubs, typeof(IHubProtocolResolver)) || Misses(RegisteredFeature.Circuits, typeof(ProtectedSessionStorage)))
            && services.GetService<EndpointDataSource>() is { } endpoints)
        {
            WarnOfHubs(endpoints, parts);
        }

        return Task.CompletedTask;

        bool Misses(RegisteredFeature part, Type where) =>
            !parts.Contains(part) && services.GetService<IServiceProviderIsService>()?.IsService(where) == true;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>A hub uses sessions if it is marked so; or it may, where the app has session-scoped services.</summary>
    private void WarnOfHubs(EndpointDataSource endpoints, List<RegisteredFeature> parts)
    {
        var hubs = endpoints.Endpoints
            .Where(endpoint => !RequestClassification.IsDisabled(endpoint.Metadata)
                && (parts.Contains(RegisteredFeature.ScopedServices) || endpoint.Metadata.GetMetadata<RequireTabSessionAttribute>() is not null))
            .Select(static endpoint => endpoint.Metadata.GetMetadata<HubMetadata>()?.HubType)
            .OfType<Type>()
            .Distinct();
        foreach (var hub in hubs)
        {
            var isOfBlazor = hub.Assembly == typeof(Circuit).Assembly;
            if (isOfBlazor && !parts.Contains(RegisteredFeature.Circuits))
            {
                logger.CircuitsWithoutSessions();
            }
            else if (!isOfBlazor && !parts.Contains(RegisteredFeature.Hubs))
            {
                logger.HubWithoutSessions(hub.Name);
            }
        }
    }
}
