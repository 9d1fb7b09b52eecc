namespace SessionLifetime.Time;

/// <summary>
/// The time in which this process runs: by it calls and waits of its own are limited. Where sessions are in memory it is their clock; where they are in a
/// store, that shows the store's time, which goes on while this process stands, and stands while the store is away.
/// </summary>
/// <param name="clock">A clock of this process.</param>
internal sealed class ProcessClock(SessionClock clock) : IDisposable
{
    /// <summary>Now.</summary>
    public Moment Now => clock.Now;

    /// <summary>Begins to notice when the process does not run.</summary>
    public void Watch() => clock.Watch();

    public void Dispose() => clock.Dispose();
}
