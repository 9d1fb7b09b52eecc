using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Components.Server.ProtectedBrowserStorage;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scoping;
using SessionLifetime.Sessions;

namespace SessionLifetime.Setup;

/// <summary>
/// Warns once, at start: of risky settings while the host starts, of calls that are missing when it has started, since the pipeline and the
/// endpoints exist only then. What there is to warn of, pure functions decide.
/// </summary>
internal sealed class StartupWarnings(
    IOptions<SessionLifetimeOptions> options,
    IOptions<BrowserCookieOptions> cookie,
    IHostEnvironment environment,
    IEnumerable<IAuthenticationSchemeProvider> authentication,
    SetupCalls calls,
    IServiceProvider services,
    ILogger<StartupWarnings> logger) : IHostedLifecycleService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var (signsIn, isLate) = (false, false);
        foreach (var schemes in authentication)
        {
            signsIn |= (await schemes.GetAllSchemesAsync()).Any();
            isLate |= signsIn && await schemes.GetDefaultAuthenticateSchemeAsync() is null;
        }

        foreach (var advice in TimingAdvice.For(options.Value).Concat(
            TrustAdvice.For(options.Value, cookie.Value.Cookie, signsIn, isLate, environment.IsDevelopment())))
        {
            logger.RiskySetting(advice);
        }
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        if (calls is { IsUsed: true, IsMapped: false })
        {
            logger.NotMapped();
        }

        var features = services.GetServices<RegisteredFeature>().ToList();
        WarnOfContainer(features, ScopeDisposables.IsSupported);

        // Enumerating endpoints builds them, which takes time: only where the app has hubs, and a call for them is missing.
        if ((Misses(RegisteredFeature.Hubs, typeof(IHubProtocolResolver)) || Misses(RegisteredFeature.Circuits, typeof(ProtectedSessionStorage)))
            && services.GetService<EndpointDataSource>() is { } endpoints)
        {
            WarnOfHubs(HubAdvice.For(endpoints.Endpoints, features));
        }

        return Task.CompletedTask;

        bool Misses(RegisteredFeature feature, Type service) =>
            !features.Contains(feature) && services.GetService<IServiceProviderIsService>()?.IsService(service) == true;
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    internal void WarnOfContainer(IReadOnlyCollection<RegisteredFeature> features, bool isSupported)
    {
        if (features.Contains(RegisteredFeature.ScopedServices) && !isSupported)
        {
            logger.ContainerNotSupported();
        }
    }

    private void WarnOfHubs(IEnumerable<Type> hubs)
    {
        foreach (var hub in hubs)
        {
            if (HubAdvice.IsOfBlazor(hub))
            {
                logger.CircuitsWithoutSessions();
            }
            else
            {
                logger.HubWithoutSessions(hub.Name);
            }
        }
    }
}
