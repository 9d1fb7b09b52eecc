using SessionLifetime.Time;

namespace SessionLifetime.Policy;

/// <summary>What a browser is told of its session: durations only, never a moment of anybody's clock.</summary>
internal readonly record struct SessionStatus
{
    public SessionState State { get; init; }

    /// <summary>The time the countdown shows; null when none is to be shown.</summary>
    public TimeSpan? Countdown { get; init; }

    /// <summary>Whether "stay" would put off what the countdown counts to.</summary>
    public bool IsExtendable { get; init; }

    /// <summary>Until <c>SessionTimeout</c> would be raised; null when never, or when it was.</summary>
    public TimeSpan? TimeoutIn { get; init; }

    /// <summary>Until the session ends if nothing more happens and nobody handles; null when never.</summary>
    public TimeSpan? EndsIn { get; init; }

    public SessionEndReason? EndsBy { get; init; }

    /// <summary>How soon a page that does nothing is to ask again: at the latest when the warning of the absolute end begins.</summary>
    public TimeSpan PingEvery { get; init; }

    /// <summary>How soon a page is to ask again while something is being decided.</summary>
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(1);

    /// <summary>Reads the status of a session on which the rules that were due have been applied, or cannot be applied yet.</summary>
    public static SessionStatus Of(in SessionSnapshot seen, SessionTimings timings, Moment now)
    {
        var deadlines = new Deadlines(seen, timings, now);
        var end = deadlines.FirstEnd(out var reason);
        if (deadlines.Expired < end)
        {
            end = deadlines.Expired;
            reason = deadlines.ExpiredReason;
        }

        var isTimedOut = seen.State == SessionState.TimedOut;
        var idleWindow = isTimedOut && !seen.Raising ? deadlines.Expired : Moment.Never;
        var warning = deadlines.Absolute - timings.AbsoluteWarning;
        var absoluteWindow = !seen.Raising && now >= warning ? deadlines.Absolute : Moment.Never;
        var window = Moment.Earlier(idleWindow, absoluteWindow);
        return new SessionStatus
        {
            State = seen.State,
            Countdown = window.IsNever ? null : Until(window, now),
            IsExtendable = window.IsNever || idleWindow < absoluteWindow,
            TimeoutIn = isTimedOut || deadlines.TimedOut.IsNever ? null : Until(deadlines.TimedOut, now),
            EndsIn = end.IsNever ? null : Until(end, now),
            EndsBy = end.IsNever ? null : reason,
            PingEvery = Moment.Earlier(end, isTimedOut ? end : deadlines.TimedOut) <= now ? AtMost(s_soon, timings.KeepAlive)
                : warning > now ? AtMost(Longer(s_soon, warning.Since(now)), timings.KeepAlive)
                : timings.KeepAlive,
        };
    }

    private static TimeSpan AtMost(TimeSpan interval, TimeSpan keepAlive) => interval < keepAlive ? interval : keepAlive;

    private static TimeSpan Longer(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static TimeSpan Until(Moment deadline, Moment now) => deadline <= now ? TimeSpan.Zero : deadline.Since(now);
}
