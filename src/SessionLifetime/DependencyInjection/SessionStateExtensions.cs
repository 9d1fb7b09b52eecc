using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection.Extensions;
using SessionLifetime;
using SessionLifetime.Cluster;
using SessionLifetime.HttpSession;
using SessionLifetime.Scoping;
using SessionLifetime.Sessions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds typed state of sessions that outlives the process, where sessions are in a store.</summary>
public static class SessionStateExtensions
{
    /// <summary>
    /// Adds a plain class of which every session has one, injected like any scoped service into endpoints, controllers and services of a request. In memory it
    /// is the live object. Where sessions are in a store, it is read before the endpoint and written, as JSON, when it has changed: any node has it, and it
    /// outlives the process.
    /// </summary>
    /// <typeparam name="T">The class. What System.Text.Json writes of it is kept.</typeparam>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="json">How it is written; of a source-generated context, where the app is trimmed or compiled ahead of time.</param>
    /// <param name="merge">
    /// Called where another request has changed it meanwhile: theirs, then ours; what it returns is written. Null: such a request fails with
    /// <see cref="SessionStateConflictException"/>.
    /// </param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> or <paramref name="json"/> is null.</exception>
    public static SessionLifetimeBuilder AddSessionState<T>(this SessionLifetimeBuilder builder, JsonTypeInfo<T> json, Func<T, T, T>? merge = null)
        where T : class, new()
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(json);
        var type = new SessionStateType<T>(json, merge);
        builder.Services.AddScoped(services =>
        {
            var accessor = services.GetRequiredService<TabSessionAccessor>();
            return type.Of(accessor, accessor.Session ?? throw MissingSession.For(typeof(T), services));
        });
        AddValues(builder.Services);
        return builder;
    }

    /// <inheritdoc cref="AddSessionState{T}(SessionLifetimeBuilder, JsonTypeInfo{T}, Func{T, T, T}?)"/>
    /// <param name="builder">What <c>AddSessionLifetime()</c> returned.</param>
    /// <param name="merge">As in the other overload.</param>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
    [RequiresUnreferencedCode("The class is written by reflection. Pass a JsonTypeInfo of a source-generated context.")]
    [RequiresDynamicCode("The class is written by reflection. Pass a JsonTypeInfo of a source-generated context.")]
    public static SessionLifetimeBuilder AddSessionState<T>(this SessionLifetimeBuilder builder, Func<T, T, T>? merge = null)
        where T : class, new() => builder.AddSessionState((JsonTypeInfo<T>)JsonSerializerOptions.Default.GetTypeInfo(typeof(T)), merge);

    /// <summary>
    /// Says that the endpoint uses neither <c>HttpContext.Session</c> nor state of <c>AddSessionState</c>: where sessions are in a store, their values are not
    /// read for it.
    /// </summary>
    /// <typeparam name="TBuilder">The builder's type.</typeparam>
    /// <param name="builder">The endpoint, or a group of them.</param>
    /// <returns>The same builder, for more calls.</returns>
    public static TBuilder WithoutSessionState<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new WithoutSessionStateAttribute());

    /// <summary>The app keeps values in sessions.</summary>
    internal static void AddValues(IServiceCollection services)
    {
        services.TryAddSingleton<SharedValues>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IExitValues, ExitValuesTaker>());
    }
}
