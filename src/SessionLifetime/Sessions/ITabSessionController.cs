using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Sessions;

/// <summary>What a <see cref="TabSession"/> asks of the engine that runs it.</summary>
internal interface ITabSessionController
{
    DateTimeOffset ToUtc(Moment moment);

    bool MarkActivity(SessionEntry entry);

    Task ExitAsync(SessionEntry entry, SessionEndReason reason);

    void SelfDestruct(SessionEntry entry, TimeSpan? after);

    void Override(SessionEntry entry, Func<TimeoutOverrides, TimeoutOverrides> change);

    /// <summary>The durations in force: the session's own, or the options'.</summary>
    TimeoutOverrides EffectiveTimeouts(SessionEntry entry);

    Task RotateIdAsync(SessionEntry entry);

    Task ReleaseUserAsync(SessionEntry entry);

    /// <summary>Whether the live objects of the session are this process's.</summary>
    bool IsHome(SessionEntry entry);

    int CountOpenPages(SessionEntry entry);
}
