using System.Text.RegularExpressions;

namespace SessionLifetime.Soak.Chaos;

/// <summary>Writes what a run saw.</summary>
internal static partial class ChaosReport
{
    private const int MostViolations = 12;

    public static void Write(string database, IReadOnlyCollection<ChaosSession> sessions, IReadOnlyCollection<Fault> faults, ChaosOracle oracle, double healthyFrom)
    {
        var calls = sessions.SelectMany(static session => session.Calls).ToArray();
        var healthy = calls.Where(call => call.Sent > healthyFrom + 5).ToArray();
        Console.WriteLine($"""
            chaos {database}, load of the machine {File.ReadAllText("/proc/loadavg").Split(' ')[1]} on {Environment.ProcessorCount} processors
              faults      {string.Join(", ", faults.GroupBy(static fault => fault.Kind).Select(static kind => $"{kind.Count()} {kind.Key}"))}
              sessions    {sessions.Count}, {sessions.Count(static session => session.IsSteady)} of them used all the time, of which {oracle.Starved} were answered nothing until they ended
              calls       {calls.Length} ({calls.Count(static call => call.IsServed)} served, {calls.Count(static call => call.Status == 410)} told of the end, {calls.Count(static call => call.Status == 503)} sent on by 503, {calls.Count(static call => call.Status == 0)} without an answer)
              once healthy {healthy.Length} calls, {healthy.Count(static call => call.Status is 0 or 503)} not served; nodes found their store away {oracle.AwayInPeace} times
              ends        {string.Join(", ", oracle.Ends.Select(static end => $"{end.Value} {end.Key}"))}
              deliveries  {oracle.Repeated} repeated after their node was killed or stood still
              touches     {oracle.Endangered} answered by a node that was killed or stood still soon after
              late ends   in chaos {Spread(oracle.LateInChaos)}; once healthy {Spread(oracle.LateInPeace)}
              kept exits  {oracle.Kept} answered by a node whose store was away
              served after the end at the most {oracle.ServedAfterEnd:F2} s; while the database was away {oracle.ServedInOutage:F2} s
              violations  {oracle.Violations.Count}
            """);
        foreach (var kind in oracle.Violations.GroupBy(static violation => Kind().Replace(violation.Split('\n')[0].Split(": ", 2)[1], "#")))
        {
            Console.WriteLine($"    {kind.Count()} x {kind.Key}");
        }

        foreach (var violation in oracle.Violations.Take(MostViolations))
        {
            Console.WriteLine($"  {violation}");
        }
    }

    [GeneratedRegex(@"(n\d+\.\d+|\d+(\.\d+)?)", RegexOptions.ExplicitCapture)]
    private static partial Regex Kind();

    private static string Spread(List<double> seconds)
    {
        if (seconds.Count == 0)
        {
            return "none";
        }

        seconds.Sort();
        return $"{seconds.Count}: median {seconds[seconds.Count / 2]:F1} s, 99 of 100 {seconds[(int)(seconds.Count * 0.99)]:F1} s, longest {seconds[^1]:F1} s";
    }
}
