namespace SessionLifetime;

/// <summary>What a <see cref="TabSession"/> asks of the engine that runs it.</summary>
internal interface ITabSessionController
{
    DateTimeOffset ToUtc(Moment moment);

    bool MarkActivity(SessionCell cell);

    Task ExitAsync(SessionCell cell, SessionEndReason reason);

    void SelfDestruct(SessionCell cell, TimeSpan? after);

    void Override(SessionCell cell, Func<TimeoutOverrides, TimeoutOverrides> change);

    /// <summary>The durations in force: the session's own, or the options'.</summary>
    TimeoutOverrides EffectiveTimeouts(SessionCell cell);

    Task RotateIdAsync(SessionCell cell);

    Task ReleaseUserAsync(SessionCell cell);

    int CountOpenPages(SessionCell cell);
}
