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
        // Where no rule is due, a signal without details is two stamps.
        if (signal.IsPlain && engine.Directory.NowForTouch is var now && entry.TryTouch(now, signal.IsActivity) && engine.Directory.TryKeepTouch(entry, now))
        {
            return new(true);
        }

        engine.Directory.OnSlowSignal(entry, signal);
        return engine.TryTouchAsync(entry, signal, static (ref SessionSnapshot next, SessionTimings timings, Moment now, SignalReport signal) =>
        {
            Clockwork.Count(ref next, signal, timings, now);
            return true;
        });
    }

    /// <summary>
    /// Begins a request that holds the session's clocks while it is in flight: counts it as a user of the session, applies the rules that are due,
    /// counts its signal, holds. False when the session has ended; the request is counted as a user of the session either way.
    /// </summary>
    /// <param name="engine">The engine.</param>
    /// <param name="entry">The session.</param>
    /// <param name="isActivity">Whether the request counts as the user's.</param>
    /// <param name="hold">Holds the clocks.</param>
    /// <param name="holdFor">How long it holds; zero as the options say.</param>
    /// <param name="disarms">Whether it disarms the self-destruct: not where it comes from the page whose detach armed it.</param>
    /// <remarks>
    /// A request waits for timeout handlers in one case only: its session's time was up before it came, and handlers that were called late
    /// decide whether it ends. An expired session is never served.
    /// </remarks>
    public static ValueTask<bool> TryBeginAsync(
        this SessionEngine engine, SessionEntry entry, bool isActivity, SessionHold hold, TimeSpan holdFor = default, bool disarms = true)
    {
        var now = engine.Directory.NowForTouch;
        if (entry.TryBegin(hold.For(entry, isActivity, now + engine.HoldOf(holdFor)), now))
        {
            if (engine.Directory.TryKeepTouch(entry, now))
            {
                return new(true);
            }

            entry.Leave(hold, now);
        }

        // Counted before the rules are applied, so that an end either is seen here, or sees the request.
        hold.Clear();
        entry.EnterRequest();
        return ApplyDueRulesAndHoldAsync(engine, entry, isActivity, hold, holdFor, disarms);
    }

    /// <summary>Counts the signal of a request whose session the rules were applied to, and lets it hold. False when the session has ended.</summary>
    public static async ValueTask<bool> TryHoldAsync(
        this SessionEngine engine, SessionEntry entry, bool isActivity, SessionHold hold, TimeSpan holdFor = default, bool disarms = true)
    {
        var signal = isActivity ? SignalReport.Activity : SignalReport.Alive;
        if (!await engine.TryCountAsync(entry, disarms ? signal : signal with { DisarmsNothing = true }))
        {
            return false;
        }

        var now = engine.Directory.Now;
        return entry.TryHold(hold.For(entry, isActivity, now + engine.HoldOf(holdFor)), now);
    }

    /// <summary>
    /// A piece of the body of a request in flight has arrived: it holds anew. One that has stopped holding counts as a request that comes now. False when
    /// the session has ended.
    /// </summary>
    public static ValueTask<bool> TryHoldAnewAsync(this SessionEngine engine, SessionHold hold, TimeSpan holdFor)
    {
        var (entry, isActivity, now) = (hold.Entry, hold.IsActivity, engine.Directory.Now);
        var wasHolding = hold.Until > now;
        entry.Release(hold, now);
        return wasHolding
            ? new(entry.TryHold(hold.For(entry, isActivity, now + engine.HoldOf(holdFor)), now))
            : ApplyDueRulesAndHoldAsync(engine, entry, isActivity, hold, holdFor, disarms: true);
    }

    /// <summary>How long a request holds: as its endpoint says, or as the options say.</summary>
    public static TimeSpan HoldOf(this SessionEngine engine, TimeSpan holdFor) => holdFor > TimeSpan.Zero ? holdFor : engine.Options.MaxRequestHold;

    /// <summary>The request completed, or stopped being one that holds.</summary>
    public static void Release(this SessionEngine engine, SessionHold hold)
    {
        hold.Entry.Release(hold, engine.Directory.Now);
        engine.Directory.MarkDirty(hold.Entry, hold.IsActivity);
    }

    /// <summary>The request completed, and is done with the session.</summary>
    public static void Leave(this SessionEngine engine, SessionHold hold, SessionEntry entry)
    {
        entry.Leave(hold, engine.Directory.Now);
        engine.Directory.MarkDirty(entry, hold.IsActivity);
    }

    private static async ValueTask<bool> ApplyDueRulesAndHoldAsync(
        SessionEngine engine, SessionEntry entry, bool isActivity, SessionHold hold, TimeSpan holdFor, bool disarms) =>
        await engine.ApplyDueRulesAndWaitInDoubtAsync(entry) != DueRulesResult.Ended && await engine.TryHoldAsync(entry, isActivity, hold, holdFor, disarms);
}
