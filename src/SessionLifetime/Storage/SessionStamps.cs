namespace SessionLifetime.Storage;

/// <summary>
/// What touches move: each stamp only goes forward, so touches commute. All are moments of the store.
/// </summary>
/// <param name="LastActivity">When the user last did something.</param>
/// <param name="LastSignal">When the browser was last heard of.</param>
/// <param name="IdleReset">When the idle clock was last restarted without activity; zero for never.</param>
/// <param name="LastArrival">When the latest signal arrived that a browser or its user sent; zero for never.</param>
internal readonly record struct SessionStamps(TimeSpan LastActivity, TimeSpan LastSignal, TimeSpan IdleReset, TimeSpan LastArrival)
{
    /// <summary>The later of each stamp.</summary>
    public SessionStamps Later(SessionStamps other) => new(
        Later(LastActivity, other.LastActivity),
        Later(LastSignal, other.LastSignal),
        Later(IdleReset, other.IdleReset),
        Later(LastArrival, other.LastArrival));

    /// <summary>Whether no stamp here is later than the other's.</summary>
    public bool IsCoveredBy(SessionStamps other) => Later(other) == other;

    private static TimeSpan Later(TimeSpan a, TimeSpan b) => a >= b ? a : b;
}
