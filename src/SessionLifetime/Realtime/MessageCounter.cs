using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Realtime;

/// <summary>Counts messages of open connections (WebSockets, hub calls, circuits) as signals of their session.</summary>
internal sealed class MessageCounter(SessionEngine engine, SessionMetrics metrics)
{
    /// <summary>Counts a message; at once, without an allocation, where no rule is due. False when the session has ended: the app must not get the message.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="signal">What the message tells of the user.</param>
    /// <param name="kind">The kind of the connection, for the metrics.</param>
    public ValueTask<bool> CountAsync(SessionEntry entry, SessionSignal signal, string kind)
    {
        var now = engine.Directory.NowForTouch;
        if (signal != SessionSignal.None && entry.TryTouch(now, signal == SessionSignal.Activity) && engine.Directory.TryKeepTouch(entry, now))
        {
            metrics.SignalCounted(kind);
            return new(true);
        }

        return ApplyDueRulesAndCountAsync(entry, signal, kind);
    }

    private async ValueTask<bool> ApplyDueRulesAndCountAsync(SessionEntry entry, SessionSignal signal, string kind)
    {
        if (signal == SessionSignal.None)
        {
            return await engine.LookAsync(entry, waitForHandlers: false) != DueRulesResult.Ended;
        }

        if (await engine.ApplyDueRulesAndWaitInDoubtAsync(entry) == DueRulesResult.Ended)
        {
            return false;
        }

        metrics.SignalCounted(kind);
        return await engine.TryCountAsync(entry, signal == SessionSignal.Activity ? SignalReport.Activity : SignalReport.Alive);
    }
}
