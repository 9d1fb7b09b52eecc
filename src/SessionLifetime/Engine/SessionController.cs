namespace SessionLifetime;

/// <summary>What the members of a <see cref="TabSession"/> do.</summary>
internal sealed class SessionController(SessionEngine engine) : ITabSessionController
{
    public DateTimeOffset ToUtc(Moment moment) => engine.Store.ToUtc(moment);

    public bool MarkActivity(SessionCell cell) => Result(engine.TryCountAsync(cell, Signal.Activity));

    public Task ExitAsync(SessionCell cell, SessionEndReason reason) => engine.ExitAsync(cell, reason);

    public void SelfDestruct(SessionCell cell, TimeSpan? after) => Result(engine.TryChangeAsync(
        cell,
        after,
        static (ref SessionSnapshot next, SessionTimings _, Moment now, TimeSpan? after) =>
        {
            next.SelfDestructAt = after is { } delay ? now + delay : Moment.Never;
            return true;
        }));

    public void Override(SessionCell cell, Func<TimeoutOverrides, TimeoutOverrides> change) => Result(engine.TryChangeAsync(
        cell,
        (engine, change),
        static (ref SessionSnapshot next, SessionTimings _, Moment now, (SessionEngine Engine, Func<TimeoutOverrides, TimeoutOverrides> Change) to) =>
        {
            var own = to.Change(next.Overrides ?? TimeoutOverrides.None);
            next.Overrides = own == TimeoutOverrides.None ? null : own;
            Clockwork.Reconsider(ref next, to.Engine.TimingsOf(next), now);
            return true;
        }));

    public TimeoutOverrides EffectiveTimeouts(SessionCell cell)
    {
        var timings = engine.TimingsOf(cell.Read());
        return new(
            timings.IdleTimeout == SessionTimings.Never ? TimeSpan.Zero : timings.IdleTimeout,
            timings.Countdown,
            timings.Signal == SessionTimings.Never ? null : timings.Signal,
            timings.Absolute == SessionTimings.Never ? null : timings.Absolute);
    }

    public Task RotateIdAsync(SessionCell cell) => engine.Store.RotateAsync(cell).AsTask();

    public Task ReleaseUserAsync(SessionCell cell) => engine.Ownership.ReleaseUserAsync(cell);

    public int CountOpenPages(SessionCell cell) => cell.CountOpenPages(engine.Store.Now, engine.TimingsOf(cell.Read()).Signal);

    /// <summary>
    /// The result of a step that a synchronous member takes. The in-memory store never waits. A shared one has to keep a member from
    /// blocking: what these members change is the cell's own to change, and may be written down later.
    /// </summary>
    private static T Result<T>(ValueTask<T> step) => step.IsCompleted ? step.Result : step.AsTask().GetAwaiter().GetResult();
}
