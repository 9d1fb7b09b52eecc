using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds SessionLifetime to an app's health checks.</summary>
public static class SessionLifetimeHealthChecksBuilderExtensions
{
    /// <summary>Reports whether sessions are swept, and how full the store is.</summary>
    /// <param name="builder">What <c>AddHealthChecks()</c> returned.</param>
    /// <param name="name">What reports call it.</param>
    /// <param name="failureStatus">What it reports when no sweep comes through; unhealthy unless set.</param>
    /// <param name="tags">For filtering.</param>
    public static IHealthChecksBuilder AddSessionLifetime(
        this IHealthChecksBuilder builder,
        string name = "SessionLifetime",
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name,
            static services =>
            {
                var options = services.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value;
                var store = services.GetRequiredService<SessionDirectory>();
                return new SessionHealthCheck(
                    services.GetRequiredService<SweepHeartbeat>(),
                    options.SweepInterval,
                    () => store.Count,
                    options.MaxSessions);
            },
            failureStatus,
            tags));
    }
}
