using SessionLifetime.Policy;

namespace SessionLifetime.Setup;

/// <summary>Durations that are allowed and risky.</summary>
internal static class TimingAdvice
{
    private static readonly TimeSpan s_leastWarning = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_leastSilence = TimeSpan.FromSeconds(130);
    private static readonly TimeSpan s_leastUnload = TimeSpan.FromSeconds(10);

    /// <summary>One sentence for each.</summary>
    public static IEnumerable<string> For(SessionLifetimeOptions options)
    {
        var timings = SessionTimings.Of(options);
        if (timings.SessionTimeout == SessionTimings.Never)
        {
            yield return timings.Signal == SessionTimings.Never
                ? "SessionTimeout is 0: sessions whose tab is gone never end. Set SignalTimeout, AbsoluteTimeout or SelfDestructOnUnload."
                : "SessionTimeout is 0: users who are gone are not noticed as long as their page is open.";
        }

        if (timings.SessionTimeout < s_leastWarning)
        {
            yield return $"SessionTimeout is {timings.SessionTimeout}: a user who reads for 20 seconds is warned.";
        }

        if (timings.SessionTimeout != SessionTimings.Never && timings.Countdown < s_leastWarning)
        {
            yield return $"CountdownDuration is {timings.Countdown}: WCAG 2.2.1 gives a user at least 20 seconds to stay.";
        }

        if (timings.Signal < s_leastSilence)
        {
            yield return $"SignalTimeout is {timings.Signal}: a hidden tab may ping only once a minute, so sessions of open pages may end under 130 seconds.";
        }

        if (timings.SessionTimeout != SessionTimings.Never && options.StretchInterval >= timings.SessionTimeout && options.StretchInterval != new SessionLifetimeOptions().StretchInterval)
        {
            yield return $"StretchInterval is {options.StretchInterval}, not shorter than SessionTimeout: pages without script time out in between.";
        }

        if (timings.SessionTimeout != SessionTimings.Never && options.SweepInterval > timings.SessionTimeout)
        {
            yield return $"SweepInterval is {options.SweepInterval}, longer than SessionTimeout: where nobody looks, events are that late.";
        }

        if (options.KeepAliveInterval is { } alive && timings.Signal != SessionTimings.Never && alive >= timings.Signal / 2)
        {
            yield return $"KeepAliveInterval is {alive}, not shorter than half of SignalTimeout ({timings.Signal}): one ping that is late or lost ends the session of an open page.";
        }

        if (options.SelfDestructOnUnload is { } after && after < s_leastUnload)
        {
            yield return $"SelfDestructOnUnload is {after}: a page that takes longer than that to load finds its session gone; 10 seconds are recommended.";
        }
    }
}
