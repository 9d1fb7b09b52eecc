using System.Runtime.CompilerServices;
using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>What the members of a <see cref="TabSession"/> do.</summary>
internal sealed class SessionController(SessionEngine engine, SessionOwnership ownership) : ITabSessionController
{
    public DateTimeOffset ToUtc(Moment moment) => engine.Directory.ToUtc(moment);

    public bool MarkActivity(SessionEntry entry) => Result(engine.TryCountAsync(entry, SignalReport.Activity), "TryCountAsync");

    public Task ExitAsync(SessionEntry entry, SessionEndReason reason) => engine.EndAndWaitAsync(entry, reason);

    public void SelfDestruct(SessionEntry entry, TimeSpan? after) => Result(engine.TryChangeAsync(
        entry,
        after,
        static (ref SessionSnapshot next, SessionTimings _, Moment now, TimeSpan? after) =>
        {
            Clockwork.Arm(ref next, after is { } delay ? now + delay : Moment.Never, now);
            return true;
        }), "TryChangeAsync");

    public void Override(SessionEntry entry, Func<TimeoutOverrides, TimeoutOverrides> change) => Result(engine.TryChangeAsync(
        entry,
        (engine, change),
        static (ref SessionSnapshot next, SessionTimings _, Moment now, (SessionEngine Engine, Func<TimeoutOverrides, TimeoutOverrides> Change) to) =>
        {
            var own = to.Change(next.Overrides ?? TimeoutOverrides.None);
            next.Overrides = own == TimeoutOverrides.None ? null : own;
            Clockwork.Derive(ref next, to.Engine.TimingsOf(next), now);
            return true;
        }), "TryChangeAsync");

    public TimeoutOverrides EffectiveTimeouts(SessionEntry entry)
    {
        var timings = engine.TimingsOf(entry.Read());
        return new(
            timings.SessionTimeout == SessionTimings.Never ? TimeSpan.Zero : timings.SessionTimeout,
            timings.Countdown,
            timings.Signal == SessionTimings.Never ? null : timings.Signal,
            timings.Absolute == SessionTimings.Never ? null : timings.Absolute);
    }

    public Task RotateIdAsync(SessionEntry entry) => engine.Rotation.RotateAsync(entry).AsTask();

    public Task ReleaseUserAsync(SessionEntry entry) => ownership.ReleaseUserAsync(entry);

    public int CountOpenPages(SessionEntry entry) => entry.CountOpenPages(engine.Directory.Now, engine.TimingsOf(entry.Read()).Signal);

    /// <summary>The result of a step of a synchronous member, which is complete for sessions in memory. A step that waits for a store must be awaited.</summary>
    /// <exception cref="InvalidOperationException">The step is not complete.</exception>
    internal static T Result<T>(ValueTask<T> step, string asyncMember, [CallerMemberName] string member = "") => step.IsCompleted
        ? step.Result
        : throw new InvalidOperationException(
            $"{member} is synchronous, and the session is kept in a store that has to be waited for: await {nameof(SessionEngine)}.{asyncMember}.");
}
