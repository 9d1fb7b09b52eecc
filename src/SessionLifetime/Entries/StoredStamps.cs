using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Entries;

/// <summary>The stamps of a session as a backing store is known to have them.</summary>
internal readonly record struct StoredStamps(Moment LastActivity, Moment LastSignal, Moment IdleReset, Moment LastArrival)
{
    /// <summary>The session as it would be if the node were gone: with these stamps, and without the requests that it holds.</summary>
    public SessionSnapshot In(SessionSnapshot seen)
    {
        seen.LastActivity = LastActivity;
        seen.LastSignal = Moment.Later(LastSignal, LastActivity);
        seen.IdleReset = IdleReset;
        seen.LastArrival = LastArrival;
        seen.ActivityHeldUntil = Moment.Before;
        seen.SignalHeldUntil = Moment.Before;
        return seen;
    }
}
