using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>How signals of the browser count: pings, reports, and requests that hold the clocks while they are in flight.</summary>
internal static class SessionSignals
{
    /// <summary>
    /// Applies the rules that are due, without waiting for handlers, and counts a signal. False when the session has ended.
    /// </summary>
    public static ValueTask<bool> TryCountAsync(this SessionEngine engine, SessionEntry entry, SignalReport signal)
    {
        // A plain signal to a session on which nothing is due is two stamps.
        if (signal.IsPlain && entry.TryTouch(engine.Directory.Now, signal.IsActivity))
        {
            engine.Directory.MarkDirty(entry);
            return new(true);
        }

        return engine.TryTouchAsync(entry, signal, static (ref SessionSnapshot next, SessionTimings timings, Moment now, SignalReport signal) =>
        {
            Clockwork.Count(ref next, signal, timings, now);
            return true;
        });
    }

    /// <summary>Begins a request where nothing is due, as <see cref="TryBeginAsync"/>. False says nothing, and has begun nothing.</summary>
    public static bool TryBegin(this SessionEngine engine, SessionEntry entry, bool isActivity, RequestHold hold)
    {
        var now = engine.Directory.Now;
        if (!entry.TryBegin(hold.For(entry, isActivity, now + engine.Options.MaxRequestHold), now))
        {
            hold.Clear();
            return false;
        }

        engine.Directory.MarkDirty(entry);
        return true;
    }

    /// <summary>
    /// Begins a request that holds the clocks while it is in flight: its entry, the look, the signal, the hold. False when the session has
    /// ended. It has entered either way.
    /// </summary>
    /// <remarks>
    /// A request never waits for timeout handlers, with one exception: where the session should have ended before it came, and only
    /// handlers that were asked too late can tell, it waits as a lifecycle call does, since an expired session is never served.
    /// </remarks>
    public static ValueTask<bool> TryBeginAsync(this SessionEngine engine, SessionEntry entry, bool isActivity, RequestHold hold)
    {
        if (engine.TryBegin(entry, isActivity, hold))
        {
            return new(true);
        }

        // Counted before it looks, so that an end either is seen here, or sees it.
        entry.EnterRequest();
        return BeginSlowlyAsync(engine, entry, isActivity, hold);
    }

    /// <summary>Lets a request hold whose session has been looked at and waited for. False when the session has ended.</summary>
    public static async ValueTask<bool> TryHoldAsync(this SessionEngine engine, SessionEntry entry, bool isActivity, RequestHold hold)
    {
        if (!await engine.TryCountAsync(entry, isActivity ? SignalReport.Activity : SignalReport.Alive))
        {
            return false;
        }

        var now = engine.Directory.Now;
        return entry.TryHold(hold.For(entry, isActivity, now + engine.Options.MaxRequestHold), now);
    }

    /// <summary>The request completed, or stopped being one that holds.</summary>
    public static void Release(this SessionEngine engine, RequestHold hold)
    {
        hold.Entry.Release(hold, engine.Directory.Now);
        engine.Directory.MarkDirty(hold.Entry);
    }

    /// <summary>The request completed, and is done with the session.</summary>
    public static void Leave(this SessionEngine engine, RequestHold hold, SessionEntry entry)
    {
        entry.Leave(hold, engine.Directory.Now);
        engine.Directory.MarkDirty(entry);
    }

    private static async ValueTask<bool> BeginSlowlyAsync(SessionEngine engine, SessionEntry entry, bool isActivity, RequestHold hold) =>
        await engine.ApplyDueRulesAndWaitInDoubtAsync(entry) != DueRulesResult.Ended && await engine.TryHoldAsync(entry, isActivity, hold);
}
