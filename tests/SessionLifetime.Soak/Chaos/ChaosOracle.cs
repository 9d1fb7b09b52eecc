using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Chaos;

/// <summary>Compares what clients were answered, and what handlers were told, with what is promised.</summary>
/// <param name="faults">What was done to the cluster.</param>
/// <param name="events">What all handlers wrote, in the order of time.</param>
/// <param name="times">The durations.</param>
/// <param name="quietFrom">From when nothing was used any more.</param>
internal sealed class ChaosOracle(IReadOnlyCollection<Fault> faults, IReadOnlyList<EventLine> events, ChaosTimes times, double quietFrom)
{
    /// <summary>A touch that a node answered and that was lost with it was made so long before its death at the most.</summary>
    private readonly double _losable = times.Precision + (2 * times.Flush);

    private readonly ILookup<string, EventLine> _events = events.ToLookup(static line => line.Session, StringComparer.Ordinal);
    private readonly ILookup<string, EventLine> _stores = events.Where(static line => line.Session == "-").ToLookup(static line => line.Node, StringComparer.Ordinal);
    private readonly double[] _awayAt = [.. events.Where(static line => line.Session == "-").Select(static line => line.At)];
    private readonly double _healthyFrom = faults.Select(static fault => fault.To).DefaultIfEmpty().Max();

    /// <summary>For how long nodes are made to stand still.</summary>
    private const double Stall = 20;

    /// <summary>What was broken, in words.</summary>
    public List<string> Violations { get; } = [];

    /// <summary>Ends by their reason.</summary>
    public Dictionary<string, int> Ends { get; } = [];

    /// <summary>Deliveries that came again after their node was killed or stood still.</summary>
    public int Repeated { get; private set; }

    /// <summary>Touches that may have been lost with the node that answered them.</summary>
    public int Endangered { get; private set; }

    /// <summary>Exits that a node answered while its store was away.</summary>
    public int Kept { get; private set; }

    /// <summary>Sessions in steady use of which no request was answered until they ended.</summary>
    public int Starved { get; private set; }

    /// <summary>By how much sessions that fell silent during the faults, and after them, ended later than their moment.</summary>
    public List<double> LateInChaos { get; } = [];

    /// <inheritdoc cref="LateInChaos"/>
    public List<double> LateInPeace { get; } = [];

    /// <summary>How long after their end sessions were served at the most, while the database was there, and while it was not.</summary>
    public double ServedAfterEnd { get; private set; }

    /// <inheritdoc cref="ServedAfterEnd"/>
    public double ServedInOutage { get; private set; }

    /// <summary>How often a node found its store away once the faults were over.</summary>
    public int AwayInPeace => _stores.Sum(node => node.Count(line => line.Event == EventLine.StoreAway && line.At > _healthyFrom + times.Flush));

    public void Judge(ChaosSession session)
    {
        if (session.Id.Length == 0)
        {
            foreach (var call in session.Calls.Where(static call => call.Status is > 0 and < 500))
            {
                Break(session, $"a first attach was answered {call.Status}", call.Sent);
            }

            return;
        }

        var told = _events[session.Id].ToArray();
        var exits = told.Where(static line => line.Event == EventLine.Exit).ToArray();
        if (exits.Length == 0)
        {
            Break(session, "no ApplicationExit was delivered", session.Calls[^1].Sent);
            return;
        }

        Ends[exits[0].Detail] = Ends.GetValueOrDefault(exits[0].Detail) + 1;
        JudgeEvents(session, told, exits);
        JudgeMoment(session, exits[0]);
        JudgeAnswers(session, exits[0]);
    }

    private void JudgeEvents(ChaosSession session, EventLine[] told, EventLine[] exits)
    {
        if (exits.Select(static line => line.Detail).Distinct(StringComparer.Ordinal).Count() > 1)
        {
            Break(session, "ApplicationExit was delivered with different reasons", exits[^1].At);
        }

        var timeouts = told.Where(static line => line.Event == EventLine.Timeout).ToArray();
        if (exits[0].Detail != nameof(SessionEndReason.Exited) && (timeouts.Length == 0 || timeouts[0].At > exits[0].At))
        {
            Break(session, "it ended for silence, and SessionTimeout was not delivered before", exits[0].At);
        }

        foreach (var line in timeouts.Where(line => line.At > exits[^1].At))
        {
            Break(session, "SessionTimeout was delivered after ApplicationExit", line.At);
        }

        // Unhandled, it is the first of each idle period.
        foreach (var line in timeouts.Where(static line => line.Detail != "1"))
        {
            Break(session, $"SessionTimeout has the occurrence {line.Detail}", line.At);
        }

        JudgeRepetitions(session, exits);
        for (var index = 1; index < timeouts.Length; index++)
        {
            var (before, line) = (timeouts[index - 1], timeouts[index]);
            var isAnotherPeriod = session.Calls.Exists(call => call.Kind is CallKind.Touch or CallKind.Attach && LatestEffect(call) > before.At - times.Timeout && call.Sent < line.At)
                && line.Attempt == 1;
            if (!isAnotherPeriod)
            {
                JudgeRepetitions(session, [before, line]);
            }
        }
    }

    /// <summary>A delivery is repeated only where the node that had it was killed, or stood still.</summary>
    private void JudgeRepetitions(ChaosSession session, ReadOnlySpan<EventLine> lines)
    {
        for (var index = 1; index < lines.Length; index++)
        {
            var (before, line) = (lines[index - 1], lines[index]);
            Repeated++;
            if (line.Attempt == before.Attempt && line.Node != before.Node)
            {
                Break(session, $"{line.Event} was delivered twice as attempt {line.Attempt}", line.At);
            }

            // The node that had it may have been stopped before it told its handlers, and have gone on afterwards.
            var from = before.At - Stall - times.Lease;
            if (!faults.Any(fault => (fault.Node == before.Node || fault.Node == line.Node) && fault.From <= line.At && fault.To >= from))
            {
                Break(session, $"{line.Event} was delivered again although neither {before.Node} nor {line.Node} was killed or stood still", line.At);
            }
        }
    }

    /// <summary>Until when a request may have had an effect: one that was given up waits for a node that stands still.</summary>
    private static double LatestEffect(Call call) => call.Status == 0 ? call.Sent + Stall + 5 : call.Answered;

    private void JudgeMoment(ChaosSession session, EventLine exit)
    {
        if (exit.Detail == nameof(SessionEndReason.Exited))
        {
            if (!session.Calls.Exists(static call => call.Kind == CallKind.Exit))
            {
                Break(session, "it ended as exited, and nobody asked for that", exit.At);
            }

            return;
        }

        if (exit.Detail is not (nameof(SessionEndReason.IdleTimeout) or nameof(SessionEndReason.SignalLost)))
        {
            Break(session, $"it ended as {exit.Detail}", exit.At);
        }

        var last = 0.0;
        foreach (var call in session.Calls.Where(call => call is { Kind: CallKind.Touch or CallKind.Attach, IsServed: true } && call.Sent < exit.At))
        {
            last = Math.Max(last, call.Sent);
            var isEndangered = faults.Any(fault => fault.Node == call.Node && fault.From >= call.Sent - 0.1 && fault.From < call.Answered + _losable + Frozen(call.Sent, fault.From)
                && (fault.Kind == FaultKind.Killed || fault.To - fault.From >= times.Lease - (2 * times.Flush)));
            Endangered += isEndangered ? 1 : 0;
            var due = call.Sent + times.Whole + Frozen(call.Sent, exit.At) - (isEndangered ? _losable : 0);
            if (exit.At < due - 0.05)
            {
                Break(session, $"it ended {due - exit.At:F2} s within its timeout of a request answered by {call.Node}", call.Sent);
            }
        }

        var (moment, isLate) = (last + times.Whole, false);
        if (last > quietFrom - times.Whole && moment > _healthyFrom)
        {
            LateInPeace.Add(exit.At - moment);

            // A node that misses its store, on a machine that has no time for it, is not healthy.
            var healthy = Math.Max(moment, _awayAt.Where(at => at < exit.At).DefaultIfEmpty().Max());
            isLate = exit.At > healthy + (2 * times.Lease) + times.Sweep + times.Tolerance;
        }
        else if (double.IsFinite(session.SilentFrom))
        {
            LateInChaos.Add(exit.At - moment - Frozen(last, exit.At));
        }

        if (isLate)
        {
            Break(session, $"it was undecided {exit.At - moment:F1} s after its moment", exit.At);
        }
    }

    private void JudgeAnswers(ChaosSession session, EventLine exit)
    {
        var ended = session.Calls
            .Where(static call => call.Status == 410 || call is { Kind: CallKind.Exit, IsServed: true })
            .Select(call => call.Kind == CallKind.Exit && call.Status != 410 ? WrittenAt(call) : call.Answered)
            .Append(exit.At)
            .Min();
        foreach (var call in session.Calls)
        {
            if (call.Status is > 0 and not 410 and < 500 && !call.IsServed)
            {
                Break(session, $"{call.Kind} was answered {call.Status} by {call.Node}", call.Sent);
            }

            if (call.IsServed && call.Kind != CallKind.Exit && call.Sent > ended)
            {
                if (IsCutOff(call))
                {
                    ServedInOutage = Math.Max(ServedInOutage, call.Sent - ended);
                    continue;
                }

                ServedAfterEnd = Math.Max(ServedAfterEnd, call.Sent - ended);
                if (call.Sent > ended + times.ReadLease + times.Flush + times.Tolerance)
                {
                    Break(session, $"{call.Kind} was served by {call.Node} {call.Sent - ended:F2} s after its end", call.Sent);
                }
            }
        }

        // One that is used all the time ends only where no request of it was answered for so long: the machine had no time for its client.
        Starved += session.IsSteady && ended < quietFrom ? 1 : 0;
    }

    /// <summary>
    /// When an exit that was answered is certainly in the store. In an outage a node keeps it, and writes it when the store is back: never where the node
    /// dies before.
    /// </summary>
    private double WrittenAt(Call exit)
    {
        if (!IsCutOff(exit))
        {
            return exit.Answered;
        }

        Kept++;

        // A store that is away again before the next flush was not there to be written to.
        var lines = _stores[exit.Node];
        var back = lines.FirstOrDefault(line => line.Event == EventLine.StoreBack
            && line.At >= exit.Sent
            && !lines.Any(away => away.Event == EventLine.StoreAway && away.At >= line.At && away.At <= line.At + times.Flush));
        var written = (back?.At ?? double.PositiveInfinity) + times.Flush;
        var lost = faults.Any(fault => fault.Node == exit.Node && fault.To >= exit.Sent && fault.From <= written);
        return lost ? double.PositiveInfinity : written;
    }

    /// <summary>Whether the node that answered had found its store away: it serves for the tolerance then.</summary>
    private bool IsCutOff(Call call)
    {
        var isAway = false;
        foreach (var line in _stores[call.Node])
        {
            if (line.At > call.Answered)
            {
                break;
            }

            isAway = line.Event == EventLine.StoreAway || (isAway && line.At > call.Sent);
        }

        return isAway;
    }

    /// <summary>How much service time certainly stood still between two moments.</summary>
    private double Frozen(double from, double to) => faults
        .Where(static fault => fault.IsOfAll)
        .Sum(fault => Math.Max(0, Math.Min(fault.To, to) - Math.Max(fault.From, from) - times.ReadLease - times.Flush));

    private void Break(ChaosSession session, string what, double at)
    {
        var calls = session.Calls.Where(call => Math.Abs(call.Sent - at) < 15).TakeLast(12)
            .Select(static call => FormattableString.Invariant($"{call.Sent:F2} {call.Kind} {call.Status} {call.Node} ({call.Answered - call.Sent:F2})"));
        Violations.Add(FormattableString.Invariant(
            $"{session.Id} at {at:F2}: {what}.\n    calls: {string.Join("; ", calls)}\n    events: {string.Join("; ", _events[session.Id])}"));
    }
}
