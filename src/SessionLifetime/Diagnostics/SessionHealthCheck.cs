using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SessionLifetime.Diagnostics;

/// <summary>
/// Unhealthy when no sweep came through for three intervals (at least ten seconds): ends nobody looks at are not raised. Degraded when
/// 90 % of the sessions allowed live: new users are about to be refused. Where sessions are kept in a store: degraded while it does not answer and known
/// sessions are served all the same, unhealthy when none are, and while the process stops.
/// </summary>
internal sealed class SessionHealthCheck(SweepHeartbeat heartbeat, TimeSpan sweepInterval, Func<long> countActive, int maxSessions, IStoreHealth? store = null)
    : IHealthCheck
{
    private static readonly TimeSpan s_leastAge = TimeSpan.FromSeconds(10);

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var age = heartbeat.Age;
        var count = countActive();
        var data = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["sessions"] = count,
            ["maxSessions"] = maxSessions,
            ["secondsSinceSweep"] = age.TotalSeconds,
        };
        var limit = sweepInterval * 3 > s_leastAge ? sweepInterval * 3 : s_leastAge;
        var isReady = true;
        var trouble = store?.Describe(out isReady);
        var result = !isReady ? new HealthCheckResult(context.Registration.FailureStatus, trouble, exception: null, data)
            : age > limit ? new HealthCheckResult(context.Registration.FailureStatus, $"The last sweep was {age} ago.", exception: null, data)
            : trouble is not null ? HealthCheckResult.Degraded(trouble, exception: null, data)
            : count >= maxSessions * 0.9 ? HealthCheckResult.Degraded($"{count} of {maxSessions} sessions live.", exception: null, data)
            : HealthCheckResult.Healthy("Sessions are swept.", data);
        return Task.FromResult(result);
    }
}
