using System.Globalization;
using SessionLifetime.Policy;

namespace SessionLifetime.Setup;

/// <summary>Durations that are allowed and risky.</summary>
internal static class TimingAdvice
{
    private static readonly TimeSpan s_day = TimeSpan.FromDays(1);
    private static readonly TimeSpan s_leastWarning = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan s_leastSilence = TimeSpan.FromSeconds(130);
    private static readonly TimeSpan s_leastUnload = TimeSpan.FromSeconds(10);

    /// <summary>One sentence for each, which says what to do.</summary>
    public static IEnumerable<string> For(SessionLifetimeOptions options) => OfRisks(options).Concat(OfLength(options));

    /// <summary>Longer than a day: <c>24:00:00</c> means 24 days, and <c>20</c> means 20 days.</summary>
    private static IEnumerable<string> OfLength(SessionLifetimeOptions options) =>
        from one in new (string Name, TimeSpan? Value)[]
        {
            (nameof(options.SessionTimeout), options.SessionTimeout),
            (nameof(options.CountdownDuration), options.CountdownDuration),
            (nameof(options.SignalTimeout), options.SignalTimeout),
            (nameof(options.AbsoluteTimeout), options.AbsoluteTimeout),
            (nameof(options.UnconfirmedTimeout), options.UnconfirmedTimeout),
            (nameof(options.MaxRequestHold), options.MaxRequestHold),
            (nameof(options.UnloadGrace), options.UnloadGrace),
            (nameof(options.SelfDestructOnUnload), options.SelfDestructOnUnload),
        }
        where one.Value > s_day
        select string.Create(
            CultureInfo.InvariantCulture,
            $"{one.Name} is {one.Value!.Value.TotalDays:0.##} days. If hours or minutes are meant, write 08:00:00 for 8 hours, 00:20:00 for 20 minutes, 1.00:00:00 for a day.");

    private static IEnumerable<string> OfRisks(SessionLifetimeOptions options)
    {
        var timings = SessionTimings.Of(options);
        if (timings.SessionTimeout == SessionTimings.Never)
        {
            yield return timings.Signal == SessionTimings.Never
                ? "SessionTimeout is 0: sessions whose tab is gone never end. Set SignalTimeout, AbsoluteTimeout or SelfDestructOnUnload."
                : "SessionTimeout is 0: users who are gone are not noticed as long as their page is open. Set AbsoluteTimeout if that matters.";
        }

        if (timings.SessionTimeout < s_leastWarning)
        {
            yield return $"SessionTimeout is {timings.SessionTimeout}: a user who reads for 20 seconds is warned. Set it to 20 seconds or more.";
        }

        if (timings.SessionTimeout != SessionTimings.Never && timings.Countdown < s_leastWarning)
        {
            yield return $"CountdownDuration is {timings.Countdown}: WCAG 2.2.1 gives a user at least 20 seconds to stay. Set it to 20 seconds or more.";
        }

        if (timings.Signal < s_leastSilence)
        {
            yield return $"SignalTimeout is {timings.Signal}: a hidden tab may ping only once a minute, so sessions of open pages may end under 130 seconds. Set it to 00:02:10 or more.";
        }

        if (timings.SessionTimeout != SessionTimings.Never && options.StretchInterval >= timings.SessionTimeout && options.StretchInterval != new SessionLifetimeOptions().StretchInterval)
        {
            yield return $"StretchInterval is {options.StretchInterval}, not shorter than SessionTimeout: pages without script time out in between. Set it to less than SessionTimeout.";
        }

        if (timings.SessionTimeout != SessionTimings.Never && options.SweepInterval > timings.SessionTimeout)
        {
            yield return $"SweepInterval is {options.SweepInterval}, longer than SessionTimeout: where nobody looks, events are that late. Set it to a fraction of SessionTimeout.";
        }

        if (options.KeepAliveInterval is { } alive && timings.Signal != SessionTimings.Never && alive >= timings.Signal / 2)
        {
            yield return $"KeepAliveInterval is {alive}, not shorter than half of SignalTimeout ({timings.Signal}): one ping that is late or lost ends the session of an open page. Set it to a third of SignalTimeout, or leave it out.";
        }

        if (options.SelfDestructOnUnload is { } after && after < s_leastUnload)
        {
            yield return $"SelfDestructOnUnload is {after}: a page that takes longer than that to load finds its session gone. Set it to 10 seconds or more.";
        }
    }
}
