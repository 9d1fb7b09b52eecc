using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Realtime;
using SessionLifetime.Scoping;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Gives the connections of SignalR and the circuits of Blazor Server the session of their tab.</summary>
public static class SessionRealtimeExtensions
{
    /// <summary>
    /// Leads each hub connection to its tab's session, whatever its transport: calls of hub methods count as activity, hubs get session-scoped
    /// services and <c>Context.GetTabSession()</c>, and the end of the session closes the connection with the reason.
    /// </summary>
    /// <param name="builder">What <c>AddSignalR()</c> returned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static ISignalRServerBuilder AddSessionLifetime(this ISignalRServerBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        AddHubs(builder.Services);
        return builder;
    }

    /// <summary>
    /// Leads each circuit to its tab's session: components get session-scoped services that survive a refresh, and the circuit closes with the
    /// session. The page starts Blazor by <c>session-lifetime-blazor.js</c>.
    /// </summary>
    /// <param name="builder">What <c>AddInteractiveServerComponents()</c> or <c>AddServerSideBlazor()</c> returned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static IServerSideBlazorBuilder AddSessionLifetime(this IServerSideBlazorBuilder builder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        AddHubs(builder.Services);
        if (!builder.Services.Any(static service => service.ImplementationType == typeof(SessionCircuitHandler)))
        {
            builder.Services.AddSingleton(RegisteredFeature.Circuits);

            // Before the app's own handlers, which may need session-scoped services.
            builder.Services.Insert(0, ServiceDescriptor.Scoped<CircuitHandler, SessionCircuitHandler>());
        }

        return builder;
    }

    private static void AddHubs(IServiceCollection services)
    {
        services.AddSessionLifetime();
        if (services.All(static service => service.ImplementationType != typeof(HubFilterSetup)))
        {
            services.AddSingleton(RegisteredFeature.Hubs);
        }

        services.TryAddSingleton<SessionHubFilter>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IConfigureOptions<HubOptions>, HubFilterSetup>());
        services.Replace(ServiceDescriptor.Singleton(typeof(HubConnectionHandler<>), typeof(SessionHubConnectionHandler<>)));
    }
}
