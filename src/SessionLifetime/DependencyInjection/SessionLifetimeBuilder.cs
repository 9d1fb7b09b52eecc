using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime;

/// <summary>What <c>AddSessionLifetime()</c> returns, to add handlers to.</summary>
public sealed class SessionLifetimeBuilder
{
    internal SessionLifetimeBuilder(IServiceCollection services) => Services = services;

    /// <summary>The app's services.</summary>
    public IServiceCollection Services { get; }
}
