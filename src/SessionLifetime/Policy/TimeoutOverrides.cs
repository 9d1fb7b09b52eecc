namespace SessionLifetime.Policy;

/// <summary>The durations one session has of its own; null follows the options. Immutable: a change is a new instance.</summary>
internal sealed record TimeoutOverrides(TimeSpan? SessionTimeout, TimeSpan? CountdownDuration, TimeSpan? SignalTimeout, TimeSpan? AbsoluteTimeout)
{
    public static readonly TimeoutOverrides None = new(null, null, null, null);

    /// <summary>How soon it ends unless it is heard of after its first answer.</summary>
    public TimeSpan? UnconfirmedTimeout { get; init; }
}
