namespace SessionLifetime.Soak.Use;

/// <summary>
/// The five rules on their own: when a session with these requests is to be warned and to end, and why. A request counts at some moment between
/// its arrival and its answer, so every deadline is a pair: none may come before the one, none may be missed after the other.
/// </summary>
internal static class ServerOracle
{
    private const double T = UseSettings.SessionTimeout, C = UseSettings.Countdown, S = UseSettings.SignalTimeout, N = UseSettings.SelfDestruct;

    /// <summary>What is wrong with a session that has ended.</summary>
    /// <param name="session">The session.</param>
    /// <param name="stalls">When this process, which is the server, did not run: the library moves its deadlines by such time.</param>
    public static IEnumerable<string> Judge(UseSession session, UseStalls stalls)
    {
        var stalled = stalls.Since(ActiveAt(session) - 1);
        var late = UseSettings.Late + UseSettings.Sweep + stalled;
        if (session.Ends.Count != 1)
        {
            yield return $"its end was told {session.Ends.Count} times";
        }

        var (end, reason) = session.Ends[0];
        var signals = session.Signals.Where(signal => signal.Arrived <= end).OrderBy(static signal => signal.Arrived).ToList();
        var (activeLow, activeHigh) = Activity(session, signals, end);
        var alive = signals.Where(static signal => signal.IsSignal).ToList();
        var signalLow = alive.Where(static signal => signal.IsCertain).Select(static signal => signal.Arrived).Append(session.StartedAt).Max();
        var signalHigh = alive.Select(signal => Math.Min(signal.Completed, end)).Append(session.StartedAt).Max();
        var (armedLow, armedHigh) = Armed(signals);

        string? wrong = reason switch
        {
            SessionEndReason.IdleTimeout => end < activeLow + T + C - UseSettings.Early ? "there was a user"
                : signalHigh < activeLow + T - UseSettings.Early ? "nobody was there to see the countdown: SignalLost" : null,
            SessionEndReason.SignalLost => end >= signalLow + S - UseSettings.Early
                || (end >= activeLow + T + C - UseSettings.Early && signalLow <= activeHigh + T + UseSettings.Early + stalled) ? null : "it was heard of",
            SessionEndReason.SelfDestructed => armedLow is { } from && end >= from + N - UseSettings.Early ? null : "no page had said good-bye for so long",
            SessionEndReason.Exited => signals.Exists(static signal => signal.Kind == "exit") ? null : "nobody ended it",
            _ => "no such end was asked for",
        };
        if (wrong is not null)
        {
            yield return $"ended {reason} at {end:0.000}, but {wrong} (activity {activeLow:0.000}-{activeHigh:0.000}, signal {signalLow:0.000}-{signalHigh:0.000}, good-bye {armedLow:0.000})";
        }

        var due = Math.Min(Math.Min(activeHigh + T + C, signalHigh + S), armedHigh + N ?? double.PositiveInfinity);
        if (end > due + late)
        {
            yield return $"ended {reason} at {end:0.000}, but was due at {due:0.000}";
        }

        foreach (var broken in Timeouts(session, signals, end, reason, stalls))
        {
            yield return broken;
        }
    }

    /// <summary>When its user was last active.</summary>
    public static double ActiveAt(UseSession session) => Activity(session, session.Signals, double.PositiveInfinity).High;

    /// <summary>When one that has not ended is due at the latest.</summary>
    public static double Due(UseSession session)
    {
        var (_, active) = Activity(session, session.Signals, double.PositiveInfinity);
        var signal = session.Signals.Where(static signal => signal.IsSignal).Select(static signal => signal.Completed).Append(session.StartedAt).Max();
        var (_, armed) = Armed([.. session.Signals.OrderBy(static signal => signal.Arrived)]);
        return Math.Min(Math.Min(active + T + C, signal + S), armed + N ?? double.PositiveInfinity);
    }

    private static IEnumerable<string> Timeouts(UseSession session, List<UseSignal> signals, double end, SessionEndReason reason, UseStalls stalls)
    {
        double? last = null;
        foreach (var raised in session.Timeouts.Order())
        {
            // A handler is told a moment after the decision; later, where the process did not run in between.
            var decided = raised - UseSettings.Early - stalls.Since(raised - 10);
            var before = signals.Where(signal => signal.Arrived <= decided).ToList();
            var (low, _) = Activity(session, before, raised);
            if (raised < low + T - UseSettings.Early)
            {
                yield return $"warned at {raised:0.000}, but active at {low:0.000}";
            }

            if (last is { } previous && !signals.Exists(signal => signal.IsActivity && signal.Completed >= previous - UseSettings.Overlap && signal.Arrived <= raised && signal.ActiveUntil > previous - T))
            {
                yield return $"warned twice in a silence, at {previous:0.000} and {raised:0.000}";
            }

            last = raised;
        }

        if (reason is SessionEndReason.IdleTimeout or SessionEndReason.SignalLost && (last is null || last > end + UseSettings.Early))
        {
            yield return $"ended {reason} at {end:0.000} without a warning";
        }

        // A silence of the user that another activity ended later than the warning was due.
        var moments = signals.Where(static signal => signal.IsActivity).ToList();
        foreach (var next in moments)
        {
            var (_, high) = Activity(session, [.. moments.TakeWhile(signal => signal != next)], next.Arrived);
            if (next.ActiveFrom > high + T + UseSettings.Late + UseSettings.Sweep + stalls.Since(high - 1) && !session.Timeouts.Exists(raised => raised > high && raised <= next.Completed))
            {
                yield return $"not warned between {high:0.000} and {next.Arrived:0.000}";
            }
        }
    }

    private static (double Low, double High) Activity(UseSession session, List<UseSignal> signals, double until)
    {
        var (low, high) = (session.StartedAt, session.StartedAt);
        foreach (var signal in signals)
        {
            if (signal.IsActivity)
            {
                low = signal.IsCertain ? Math.Max(low, Math.Min(signal.ActiveFrom, until)) : low;
                high = Math.Max(high, Math.Min(signal.ActiveUntil, until));
            }
        }

        return (low, high);
    }

    /// <summary>The good-bye that left no page open: from when it may count, and from when it surely does.</summary>
    private static (double? Low, double? High) Armed(List<UseSignal> signals)
    {
        var pages = new HashSet<string>(StringComparer.Ordinal);
        UseSignal? armed = null;
        var isSure = false;
        foreach (var signal in signals)
        {
            switch (signal.Kind)
            {
                case "attach":
                    // A tab has one page.
                    pages.Clear();
                    pages.Add(signal.Page ?? "");
                    break;
                case "detach" when signal.Page is not null && pages.Remove(signal.Page) && pages.Count == 0:
                    (armed, isSure) = (signal, signal.IsCertain);
                    continue;
            }

            if (armed is not null && signal.Kind is not ("detach" or "exit") && signal.Page != armed.Page)
            {
                if (signal.IsCertain && signal.Arrived > armed.Completed + UseSettings.Overlap)
                {
                    (armed, isSure) = (null, false);
                }
                else
                {
                    isSure = false;
                }
            }
        }

        return (armed?.Arrived, isSure ? armed!.Completed : null);
    }
}
