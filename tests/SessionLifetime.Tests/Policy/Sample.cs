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

    /// <summary>What one step says, with handlers to ask.</summary>
    public static Verdict Look(SessionSnapshot session, SessionTimings timings, Moment now)
    {
        var step = Clockwork.Advance(ref session, timings, now, hasHandlers: true);
        return new(step.Kind, step.Kind is ClockStepKind.Ends or ClockStepKind.Waits ? session.EndReason : default, step.At);
    }

    public static bool OwesTimeout(SessionSnapshot session, SessionEndReason reason) =>
        Clockwork.End(ref session, reason, At(0), Timings(), At(0)).OwesTimeout;

    /// <summary>Applies rule 4 at its moment, as a timely sweep does with nobody subscribed.</summary>
    public static SessionSnapshot TimedOut(this SessionSnapshot session, double at, SessionTimings? timings = null)
    {
        Clockwork.TimeOut(ref session, timings ?? Timings(), At(at), hasHandlers: false);
        return session;
    }

    /// <summary>Applies rule 4, with handlers that have not answered yet.</summary>
    public static SessionSnapshot Asked(this SessionSnapshot session, double at, SessionTimings? timings = null)
    {
        Clockwork.TimeOut(ref session, timings ?? Timings(), At(at), hasHandlers: true);
        return session;
    }

    public static SessionSnapshot Heard(this SessionSnapshot session, double at, SignalReport signal, SessionTimings timings)
    {
        Clockwork.Count(ref session, signal, timings, At(at));
        return session;
    }

    private static TimeSpan? Seconds(double? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
