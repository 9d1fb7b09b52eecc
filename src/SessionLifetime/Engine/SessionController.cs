using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>What the members of a <see cref="TabSession"/> do.</summary>
internal sealed class SessionController(SessionEngine engine, SessionOwnership ownership, ILogger<SessionController> logger) : ITabSessionController
{
    public DateTimeOffset ToUtc(Moment moment) => engine.Directory.ToUtc(moment);

    public bool MarkActivity(SessionEntry entry) => Result(entry, engine.TryCountAsync(entry, SignalReport.Activity));

    public Task ExitAsync(SessionEntry entry, SessionEndReason reason) => engine.EndAndWaitAsync(entry, reason);

    public void SelfDestruct(SessionEntry entry, TimeSpan? after) => Result(entry, engine.TryChangeAsync(
        entry,
        after,
        static (ref SessionSnapshot next, SessionTimings _, Moment now, TimeSpan? after) =>
        {
            Clockwork.Arm(ref next, after is { } delay ? now + delay : Moment.Never, now);
            return true;
        }));

    public void Override(SessionEntry entry, Func<TimeoutOverrides, TimeoutOverrides> change) => Result(entry, engine.TryChangeAsync(
        entry,
        (engine, change),
        static (ref SessionSnapshot next, SessionTimings _, Moment now, (SessionEngine Engine, Func<TimeoutOverrides, TimeoutOverrides> Change) to) =>
        {
            var own = to.Change(next.Overrides ?? TimeoutOverrides.None);
            next.Overrides = own == TimeoutOverrides.None ? null : own;
            Clockwork.Derive(ref next, to.Engine.TimingsOf(next), now);
            return true;
        }));

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

    public bool IsHome(SessionEntry entry) => engine.Directory.IsHome(entry);

    public int CountOpenPages(SessionEntry entry) => entry.CountOpenPages(engine.Directory.Now, engine.TimingsOf(entry.Read()).Signal);

    /// <summary>
    /// The result of a step of a synchronous member. For sessions in memory it is complete. A step that waits for a store goes on: the answer of the request
    /// waits for it, and it is taken to succeed.
    /// </summary>
    internal bool Result(SessionEntry entry, ValueTask<bool> step)
    {
        if (step.IsCompleted)
        {
            return step.Result;
        }

        var writing = step.AsTask();
        if (!PendingWrites.TryAdd(writing))
        {
            _ = ReportAsync(entry, writing);
        }

        return true;
    }

    private async Task ReportAsync(SessionEntry entry, Task writing)
    {
        try
        {
            await writing;
        }
        catch (SessionStoreUnavailableException exception)
        {
            logger.ChangeNotWritten(exception, entry.Id.ToString());
        }
    }
}
