using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SessionLifetime.Diagnostics;

/// <summary>
/// Unhealthy when no sweep came through for three intervals (at least ten seconds): ends nobody looks at are not raised. Degraded when
/// 90 % of the sessions allowed live: new users are about to be refused.
/// </summary>
internal sealed class SessionHealthCheck(SweepHeartbeat heartbeat, TimeSpan sweepInterval, Func<long> countActive, int maxSessions) : IHealthCheck
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
        var result = age > limit ? new HealthCheckResult(context.Registration.FailureStatus, $"The last sweep was {age} ago.", exception: null, data)
            : count >= maxSessions * 0.9 ? HealthCheckResult.Degraded($"{count} of {maxSessions} sessions live.", exception: null, data)
            : HealthCheckResult.Healthy("Sessions are swept.", data);
        return Task.FromResult(result);
    }
}
