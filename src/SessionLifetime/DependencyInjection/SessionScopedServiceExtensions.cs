using System.Diagnostics.CodeAnalysis;
using SessionLifetime;
using SessionLifetime.Scoping;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Adds services that live as long as a session: between scoped and singleton. One instance for each session, made on first use in a
/// dependency-injection scope of the session's own, disposed with the session. Injected into anything that works for one session: scoped
/// services, endpoints, controllers, pages, event handlers.
/// </summary>
public static class SessionScopedServiceExtensions
{
    /// <summary>Adds a session-scoped service. Without a session, asking for it throws <see cref="InvalidOperationException"/>.</summary>
    /// <typeparam name="TService">The service, and its implementation.</typeparam>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionScoped<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TService>(this SessionLifetimeBuilder builder)
        where TService : class => builder.AddSessionScoped<TService, TService>();

    /// <summary>Adds a session-scoped service. Without a session, asking for it throws <see cref="InvalidOperationException"/>.</summary>
    /// <typeparam name="TService">The service.</typeparam>
    /// <typeparam name="TImplementation">Its implementation.</typeparam>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionScoped<
        TService,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TImplementation>(this SessionLifetimeBuilder builder)
        where TService : class
        where TImplementation : class, TService => builder.AddSessionScoped(typeof(TService), typeof(TImplementation));

    /// <summary>Adds a session-scoped service. Without a session, asking for it throws <see cref="InvalidOperationException"/>.</summary>
    /// <typeparam name="TService">The service.</typeparam>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="factory">Makes it, from the services of the session's scope, once, on the thread of whoever asks first. What it makes is the
    /// session's, and disposed with it.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="factory"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionScoped<TService>(this SessionLifetimeBuilder builder, Func<IServiceProvider, TService> factory)
        where TService : class
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(factory);
        builder.Services.AddKeyedScoped(SessionServices.Key, (services, _) => factory(services));
        Note(builder.Services);
        builder.Services.Add(Lent(typeof(TService)));
        return builder;
    }

    /// <summary>Adds a session-scoped service by its types, which may be open generics.</summary>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="service">The service. The container cannot be told where an open generic lives, so that is asked for as
    /// <see cref="SessionScoped{T}"/>: <c>SessionScoped&lt;IList&lt;Order&gt;&gt;</c>.</param>
    /// <param name="implementation">Its implementation.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/>, <paramref name="service"/> or <paramref name="implementation"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionScoped(
        this SessionLifetimeBuilder builder,
        Type service,
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] Type implementation)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(service);
        ArgumentNullException.ThrowIfNull(implementation);
        builder.Services.Add(ServiceDescriptor.KeyedScoped(service, SessionServices.Key, implementation));
        Note(builder.Services);
        if (!service.IsGenericTypeDefinition)
        {
            builder.Services.Add(Lent(service));
        }

        return builder;
    }

    private static void Note(IServiceCollection services)
    {
        if (services.All(static service => service.IsKeyedService || service.ImplementationInstance as RegisteredFeature != RegisteredFeature.ScopedServices))
        {
            services.AddSingleton(RegisteredFeature.ScopedServices);
        }
    }

    private static ServiceDescriptor Lent(Type service) => ServiceDescriptor.Scoped(service, scope => SessionServices.Lend(scope, service));
}
