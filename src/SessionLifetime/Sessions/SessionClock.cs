namespace SessionLifetime;

/// <summary>
/// A clock for one process: the time provider's monotonic timestamps, counted from when the clock was made. A change of the wall clock
/// moves nothing; the calendar is only asked to show people when things happened, by the wall clock of the moment they ask.
/// </summary>
internal sealed class SessionClock
{
    private readonly TimeProvider _time;
    private readonly long _origin;

    public SessionClock(TimeProvider time)
    {
        _time = time;
        _origin = time.GetTimestamp();
    }

    // One tick past the start: moment 0 stands for "not set".
    public Moment Now => new(_time.GetElapsedTime(_origin).Ticks + 1);

    public DateTimeOffset ToUtc(Moment moment) => _time.GetUtcNow() - Now.Since(moment);
}
