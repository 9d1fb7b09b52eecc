using System.Diagnostics.CodeAnalysis;

namespace SessionLifetime.Time;

/// <summary>
/// A clock for one process: the time provider's monotonic timestamps, counted from when the clock was made. A change of the wall clock
/// moves nothing; the calendar is only asked to show people when things happened, by the wall clock of the moment they ask.
/// </summary>
/// <remarks>
/// Where the provider is the system's, it is read by the system's coarse counter, at a sixth of the cost: it stands still for up to 4 ms on
/// Linux and 16 ms on Windows, and runs as evenly. No duration here is as short as that.
/// </remarks>
internal sealed class SessionClock
{
    private readonly TimeProvider _time;
    private readonly bool _isCoarse;
    private readonly long _origin;
    private readonly long _coarseOrigin;

    public SessionClock(TimeProvider time)
    {
        _time = time;
        _isCoarse = time == TimeProvider.System;
        _origin = time.GetTimestamp();
        _coarseOrigin = Coarse();
    }

    // One tick past the start: moment 0 stands for "not set".
    public Moment Now => _isCoarse ? new(((Coarse() - _coarseOrigin) * TimeSpan.TicksPerMillisecond) + 1) : Exact;

    private Moment Exact => new(_time.GetElapsedTime(_origin).Ticks + 1);

    /// <summary>What people are shown does not jump as the coarse counter does.</summary>
    public DateTimeOffset ToUtc(Moment moment) => _time.GetUtcNow() - Exact.Since(moment);

    [SuppressMessage("ApiDesign", "RS0030:Do not use banned APIs", Justification = "The one place that reads the system's clock, where that is the provider.")]
    private static long Coarse() => Environment.TickCount64;
}
