namespace SessionLifetime;

/// <summary>
/// A clock for one process: the time provider's monotonic timestamps, counted from when the clock was made. A change of the wall clock
/// moves nothing; the calendar is only asked once, to show people when things happened.
/// </summary>
internal sealed class SessionClock
{
    private readonly TimeProvider _time;
    private readonly long _origin;
    private readonly DateTimeOffset _originUtc;

    public SessionClock(TimeProvider time)
    {
        _time = time;
        _origin = time.GetTimestamp();
        _originUtc = time.GetUtcNow();
    }

    // One tick past the start: moment 0 stands for "not set".
    public Moment Now => new(_time.GetElapsedTime(_origin).Ticks + 1);

    public DateTimeOffset ToUtc(Moment moment) => _originUtc + new TimeSpan(moment.Ticks - 1);
}
