using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime;

/// <summary>What <c>AddSessionLifetime()</c> returns: handlers and the parts an app opts in to are added to it.</summary>
public sealed class SessionLifetimeBuilder
{
    internal SessionLifetimeBuilder(IServiceCollection services) => Services = services;

    /// <summary>The app's services.</summary>
    /// <value>The collection that <c>AddSessionLifetime()</c> was called on.</value>
    public IServiceCollection Services { get; }
}
