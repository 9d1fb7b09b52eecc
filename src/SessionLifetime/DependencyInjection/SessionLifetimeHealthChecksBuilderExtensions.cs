using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using SessionLifetime;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds SessionLifetime to an app's health checks.</summary>
public static class SessionLifetimeHealthChecksBuilderExtensions
{
    /// <summary>
    /// Reports whether sessions are swept, and how full the store is: <paramref name="failureStatus"/> when no sweep was completed for three
    /// intervals (at least 10 seconds), degraded when 90 % of <see cref="SessionLifetimeOptions.MaxSessions"/> live. Where sessions are kept in a store:
    /// degraded while the store does not answer and known sessions are served from memory, <paramref name="failureStatus"/> when they are not, before the
    /// store was first reached, and while the process stops.
    /// </summary>
    /// <param name="builder">What <c>AddHealthChecks()</c> returned.</param>
    /// <param name="name">What reports call it.</param>
    /// <param name="failureStatus">What it reports when no sweep is completed; unhealthy unless set.</param>
    /// <param name="tags">For filtering.</param>
    /// <returns>The same builder, for more calls.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="builder"/> is null.</exception>
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
                    options.MaxSessions,
                    services.GetService<IStoreHealth>());
            },
            failureStatus,
            tags));
    }
}
