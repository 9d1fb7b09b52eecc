using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace SessionLifetime.Benchmarks;

/// <summary>
/// Two builds of this program report the same figures in turns; of each figure the best turn of either counts, since what disturbs a machine only makes
/// things slower.
/// </summary>
internal static partial class Comparison
{
    /// <summary>Words that say of a figure that more of it is better.</summary>
    private static readonly string[] s_moreIsBetter = ["a second", "against no middleware", "ratios", "touches of two threads"];

    /// <param name="other">The program to compare with: the path of its dll.</param>
    /// <param name="turns">How often each reports each figure.</param>
    /// <param name="names">The figures, as for the report.</param>
    public static async Task WriteAsync(string other, int turns, string[] names)
    {
        var ours = Path.Combine(AppContext.BaseDirectory, "SessionLifetime.Benchmarks.dll");
        Console.WriteLine("| figure | before | now | now / before, above 1 is worse |");
        Console.WriteLine("|---|---|---|---|");
        foreach (var name in names)
        {
            var (before, now) = (new Dictionary<string, double>(), new Dictionary<string, double>());
            for (var turn = 0; turn < turns; turn++)
            {
                Keep(before, await ReportAsync(other, name));
                Keep(now, await ReportAsync(ours, name));
            }

            foreach (var (figure, best) in now)
            {
                var was = before.GetValueOrDefault(figure, double.NaN);
                var ratio = was.Equals(best) ? 1 : IsMoreBetter(figure) ? was / best : best / was;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {figure} | {was:0.###} | {best:0.###} | {ratio:0.000} |"));
            }
        }
    }

    private static bool IsMoreBetter(string figure) => s_moreIsBetter.Any(word => figure.Contains(word, StringComparison.Ordinal));

    private static void Keep(Dictionary<string, double> best, List<(string Figure, double Value)> measured)
    {
        foreach (var (figure, value) in measured)
        {
            var isBetter = !best.TryGetValue(figure, out var before) || (IsMoreBetter(figure) ? value > before : value < before);
            best[figure] = isBetter ? value : before;
        }
    }

    /// <summary>One report: each number in its own column, and the processor time it took, which others on the machine disturb least.</summary>
    private static async Task<List<(string Figure, double Value)>> ReportAsync(string program, string name)
    {
        var start = new ProcessStartInfo("bash", ["-c", "TIMEFORMAT='user %U'; time dotnet \"$0\" report \"$1\"", program, name])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var lines = (await process.StandardOutput.ReadToEndAsync()).Split('\n');
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} could not measure \"{name}\": {await errors}");
        }

        var measured = new List<(string, double)>();
        foreach (var cells in lines.Select(static line => line.Split('|', StringSplitOptions.TrimEntries)).Where(static cells => cells.Length > 3 && cells[1] is not ("figure" or "---")))
        {
            foreach (Match number in Numbers().Matches(cells[2]))
            {
                measured.Add(($"{cells[1]}{(number.Groups["unit"].Length > 0 ? ", " : "")}{number.Groups["unit"].Value}", double.Parse(number.Groups["number"].Value, CultureInfo.InvariantCulture)));
            }
        }

        var user = (await errors).Split('\n').Last(static line => line.StartsWith("user ", StringComparison.Ordinal));
        measured.Add(($"{name}: processor time of the whole report, s", double.Parse(user[5..], CultureInfo.InvariantCulture)));
        return measured;
    }

    [GeneratedRegex(@"(?<number>\d+(\.\d+)?) ?(?<unit>[a-z]+( [a-z]+)*)?", RegexOptions.ExplicitCapture)]
    private static partial Regex Numbers();
}
