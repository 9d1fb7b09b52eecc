using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Components.Server.ProtectedBrowserStorage;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Navigation;
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
        var (schemes, _) = await SchemesAsync();
        if (services.GetService<ISessionBackingStore>() is not null
            && services.GetService<IOptions<KeyManagementOptions>>()?.Value is { XmlRepository: null }
            && services.GetService<IDataProtectionProvider>() is not null)
        {
            logger.RiskySetting("Sessions are kept in a store, and the keys of Data Protection are not: a server that cannot read another one's keys refuses its antiforgery tokens and sign-in cookies. Call AddDataProtection().PersistKeysTo...() and SetApplicationName() alike on every server.");
        }

        foreach (var advice in TimingAdvice.For(options.Value)
            .Concat(TrustAdvice.For(options.Value, cookie.Value.Cookie, schemes > 0, environment.IsDevelopment()))
            .Concat(calls.Configurations.SelectMany(ConfigurationAdvice.For)))
        {
            logger.RiskySetting(advice);
        }
    }

    public async Task StartedAsync(CancellationToken cancellationToken)
    {
        calls.Order?.Close();
        if (calls is { Order: not null, IsMapped: false })
        {
            logger.NotMapped();
        }

        WarnOfOrder();
        await WarnOfUsersAsync();

        var features = services.GetServices<RegisteredFeature>().ToList();
        WarnOfContainer(features, ScopeDisposables.IsSupported);

        // Enumerating endpoints builds them, which takes time: only where the app has hubs, and a call for them is missing.
        if ((Misses(RegisteredFeature.Hubs, typeof(IHubProtocolResolver)) || Misses(RegisteredFeature.Circuits, typeof(ProtectedSessionStorage)))
            && services.GetService<EndpointDataSource>() is { } endpoints)
        {
            WarnOfHubs(HubAdvice.For(endpoints.Endpoints, features));
        }

        bool Misses(RegisteredFeature feature, Type service) =>
            !features.Contains(feature) && services.GetService<IServiceProviderIsService>()?.IsService(service) == true;
    }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        // Before the server starts, which is when WebApplication adds middleware of its own in front. The pipeline of other hosts is built then.
        calls.Order?.Close();
        return Task.CompletedTask;
    }

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

    /// <summary>Reports middleware on the wrong side of <c>UseSessionLifetime()</c>.</summary>
    private void WarnOfOrder()
    {
        if (calls.IsInFrontOfRouting)
        {
            logger.RoutingTooLate();
        }

        if (calls.IsBehindAntiforgery && services.GetService<IAntiforgeryAdditionalDataProvider>() is TabAntiforgery)
        {
            logger.AntiforgeryTooEarly();
        }
    }

    /// <summary>Warns where users become known behind <c>UseSessionLifetime()</c>, because endpoints choose their authentication schemes.</summary>
    private async Task WarnOfUsersAsync()
    {
        var (schemes, defaultScheme) = await SchemesAsync();
        if (schemes == 0 || calls.Order?.IsInFrontOf(PipelineOrder.Authorization) != true)
        {
            return;
        }

        if (defaultScheme is null)
        {
            logger.RiskySetting("No authentication scheme is the default, so users are known after UseAuthorization() only: call UseSessionLifetime() after it, or sessions belong to nobody.");
        }
        else if (schemes > 1 && services.GetService<EndpointDataSource>() is { } source
            && await SchemeAdvice.FindAsync(source.Endpoints, services.GetService<IAuthorizationPolicyProvider>(), defaultScheme) is { } endpoint)
        {
            logger.SchemesTooLate(endpoint.DisplayName);
        }
    }

    /// <summary>How many authentication schemes the app has, and which is the default.</summary>
    private async Task<(int Count, string? Default)> SchemesAsync()
    {
        var (count, name) = (0, (string?)null);
        foreach (var schemes in authentication)
        {
            count += (await schemes.GetAllSchemesAsync()).Count();
            name ??= (await schemes.GetDefaultAuthenticateSchemeAsync())?.Name;
        }

        return (count, name);
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
