using Microsoft.Extensions.Internal;

namespace SessionLifetime.Http.Tokens;

/// <summary>The clock of a cache, by the time provider's monotonic timestamps: a change of the wall clock has no effect on expiry.</summary>
internal sealed class OneTimeClock(TimeProvider time) : ISystemClock
{
    private readonly long _origin = time.GetTimestamp();

    public DateTimeOffset UtcNow => DateTimeOffset.UnixEpoch + time.GetElapsedTime(_origin);
}
