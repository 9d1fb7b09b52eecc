using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Cluster;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Events;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Tokens;
using SessionLifetime.Policy;
using SessionLifetime.Realtime;
using SessionLifetime.Scheduling;
using SessionLifetime.Storage;
using SessionLifetime.Time;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Keeps sessions in a store, so that they outlive the process and are shared between nodes.</summary>
public static class SessionStoreBuilderExtensions
{
    /// <summary>
    /// Keeps sessions in a store of your own. The packages for PostgreSQL, Redis and SQLite have a method each that is shorter.
    /// </summary>
    /// <param name="builder">What <c>AddSessionLifetime</c> returned.</param>
    /// <param name="create">Makes the store, once. It is disposed with the app.</param>
    /// <param name="configure">Sets how nodes keep step; null: the defaults. The same on every node.</param>
    /// <returns>The builder.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="create"/> is null.</exception>
    [Experimental(StorageDiagnostics.Id)]
    public static SessionLifetimeBuilder UseBackingStore(
        this SessionLifetimeBuilder builder, Func<IServiceProvider, ISessionBackingStore> create, Action<SessionStoreOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(create);
        var services = builder.Services;
        var options = services.AddOptions<SessionStoreOptions>().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<SessionStoreOptions>, SessionStoreOptionsValidator>());
        services.Replace(ServiceDescriptor.Singleton(create));
        services.Replace(ServiceDescriptor.Singleton(static provider => new SessionClock(
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<NodeClock>())));
        services.Replace(ServiceDescriptor.Singleton(static provider => new ProcessClock(new SessionClock(provider.GetRequiredService<TimeProvider>()))));
        services.Replace(ServiceDescriptor.Singleton<SessionDirectory>(static provider => provider.GetRequiredService<SharedSessionDirectory>()));
        services.TryAddSingleton(static provider => new ClusterPace(provider.GetRequiredService<IOptions<SessionStoreOptions>>().Value.FlushInterval));
        services.TryAddSingleton<NodeClock>();
        services.TryAddSingleton(static provider => new NodeState(
            () => NodeName.Create(provider.GetRequiredService<SessionEventDispatcher>().Wants), provider.GetRequiredService<NodeClock>(), provider.GetRequiredService<ClusterPace>()));
        services.TryAddSingleton<StoreGate>();
        services.TryAddSingleton(Directory);
        services.TryAddSingleton(static provider => new ClusterTimings(
            provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value,
            provider.GetRequiredService<TimingsInForce>(),
            provider.GetRequiredService<NodeState>(),
            provider.GetRequiredService<ILogger<ClusterTimings>>()));
        services.TryAddSingleton<SharedValues>();
        services.TryAddSingleton<SharedTokens>();
        services.TryAddSingleton<SharedTurns>();
        services.TryAddSingleton<EndsNotWritten>();
        services.TryAddSingleton<IStoreHealth>(static provider => new StoreHealth(
            provider.GetRequiredService<NodeState>(),
            provider.GetRequiredService<StoreGate>(),
            provider.GetRequiredService<IOptions<SessionStoreOptions>>().Value));
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITokenCarrier, RelayTokens>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<ITokenCarrier, TicketTokens>());
        services.TryAddSingleton<OutboxDispatch>();
        services.TryAddSingleton<OutboxDelivery>();
        services.TryAddSingleton<NewsReader>();
        services.TryAddSingleton<DueMoments>();
        services.TryAddSingleton<NodeHeart>();
        services.TryAddSingleton<ClusterNodeService>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IHostedService, ClusterNodeService>(
            static provider => provider.GetRequiredService<ClusterNodeService>()));
        return builder;
    }

    private static SharedSessionDirectory Directory(IServiceProvider provider)
    {
        // Those who handle events know the directory: they are asked for when there is an event.
        SessionEventDispatcher? dispatcher = null;
        var timings = provider.GetRequiredService<TimingsInForce>();
        var pace = provider.GetRequiredService<ClusterPace>();
        var limits = SessionDirectoryLimits.Of(provider.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value);
        return new(
            provider.GetRequiredService<NodeState>(),
            provider.GetRequiredService<StoreGate>(),
            provider.GetRequiredService<IOptions<SessionStoreOptions>>().Value,
            provider.GetRequiredService<SessionClock>(),
            limits,
            seen => timings.Of(seen),
            kind => (dispatcher ??= provider.GetRequiredService<SessionEventDispatcher>()).Wants(kind),
            provider.GetRequiredService<IWorkScheduler>(),
            provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILogger<SharedSessionDirectory>>());
    }
}
