using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Policy;

/// <summary>Snapshots and durations for tables: all numbers are seconds since the session started.</summary>
internal static class Sample
{
    public static Moment At(double seconds) => new((long)(seconds * TimeSpan.TicksPerSecond) + 1);

    public static SessionSnapshot Session(double activity = 0, double? signal = null) => new()
    {
        StartedAt = At(0),
        LastActivity = At(activity),
        LastSignal = At(signal ?? activity),
        SelfDestructAt = Moment.Never,
        Confirmed = true,
    };

    public static SessionTimings Timings(
        double timeout = 20,
        double? countdown = null,
        double? signal = null,
        double? absolute = null,
        double? unconfirmed = null,
        double? keepAlive = null) =>
        SessionTimings.Of(new SessionLifetimeOptions
        {
            SessionTimeout = TimeSpan.FromSeconds(timeout),
            CountdownDuration = Seconds(countdown),
            SignalTimeout = Seconds(signal),
            AbsoluteTimeout = Seconds(absolute),
            UnconfirmedTimeout = Seconds(unconfirmed),
            KeepAliveInterval = Seconds(keepAlive),
        });

    /// <summary>Applies rule 4 at its moment, as a timely sweep does with nobody subscribed.</summary>
    public static SessionSnapshot TimedOut(this SessionSnapshot session, double at)
    {
        Clockwork.TimeOut(ref session, At(at), hasHandlers: false);
        return session;
    }

    /// <summary>Applies rule 4, with handlers that have not answered yet.</summary>
    public static SessionSnapshot Asked(this SessionSnapshot session, double at)
    {
        Clockwork.TimeOut(ref session, At(at), hasHandlers: true);
        return session;
    }

    public static SessionSnapshot Heard(this SessionSnapshot session, double at, SignalReport signal, SessionTimings timings)
    {
        Clockwork.Count(ref session, signal, timings, At(at));
        return session;
    }

    private static TimeSpan? Seconds(double? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
