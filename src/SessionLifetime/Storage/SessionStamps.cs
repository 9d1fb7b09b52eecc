using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Storage;

namespace SessionLifetime;

/// <summary>
/// What touches move: each stamp only goes forward, so touches commute. All are moments of service time.
/// </summary>
/// <param name="LastActivity">When the user last did something.</param>
/// <param name="LastSignal">When the browser was last heard of.</param>
/// <param name="IdleReset">When the idle clock was last restarted without activity; zero for never.</param>
/// <param name="LastArrival">When the latest signal arrived that a browser or its user sent; zero for never.</param>
[Experimental(StorageDiagnostics.Id)]
public readonly record struct SessionStamps(TimeSpan LastActivity, TimeSpan LastSignal, TimeSpan IdleReset, TimeSpan LastArrival)
{
    /// <summary>The later of each stamp.</summary>
    /// <param name="other">The stamps to compare with.</param>
    /// <returns>Stamps that are no earlier than either.</returns>
    public SessionStamps Later(SessionStamps other) => new(
        Later(LastActivity, other.LastActivity),
        Later(LastSignal, other.LastSignal),
        Later(IdleReset, other.IdleReset),
        Later(LastArrival, other.LastArrival));

    /// <summary>Whether no stamp here is later than the other's.</summary>
    /// <param name="other">The stamps to compare with.</param>
    /// <returns>True when the other's cover these.</returns>
    public bool IsCoveredBy(SessionStamps other) => Later(other) == other;

    /// <summary>These stamps, moved forward by a touch.</summary>
    /// <param name="touch">The touch.</param>
    /// <param name="service">The store's service time now.</param>
    /// <returns>The stamps afterwards.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="touch"/> is null.</exception>
    public SessionStamps Touched(SessionTouch touch, TimeSpan service)
    {
        ArgumentNullException.ThrowIfNull(touch);
        return Later(new(
            Place(touch.LastActivity, service),
            Place(touch.LastSignal, service),
            Place(touch.IdleReset, service),
            Place(touch.LastArrival, service)));
    }

    private static TimeSpan Place(StampTouch? touch, TimeSpan service) =>
        touch is not { } moved ? TimeSpan.Zero
        : moved.At is { } at && at < service - moved.Age ? at
        : service - moved.Age;

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a >= b ? a : b;
}
