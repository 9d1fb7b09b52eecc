using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using SessionLifetime.Benchmarks.Figures;
using SessionLifetime.Benchmarks.Servers;

namespace SessionLifetime.Benchmarks;

/// <summary>One table of all figures: ours beside the peer's beside the goal.</summary>
internal static class Report
{
    private static readonly Dictionary<string, Func<Task<IReadOnlyList<FigureRow>>>> s_figures = new()
    {
        ["middleware"] = MiddlewareFigures.MeasureAsync,
        ["touch"] = TouchFigures.MeasureAsync,
        ["server"] = ServerFigures.MeasureAsync,
        ["memory"] = MemoryFigures.MeasureAsync,
        ["sweep"] = SweepFigures.MeasureAsync,
        ["ends"] = EndFigures.MeasureAsync,
        ["collection"] = CollectionFigures.MeasureAsync,
        ["start"] = StartFigures.MeasureAsync,
        ["websocket"] = WebSocketFigures.MeasureAsync,
        ["startup"] = StartUpFigures.MeasureAsync,
    };

    public static async Task WriteAsync(string[] names)
    {
        var unknown = names.Except(s_figures.Keys).ToList();
        if (unknown.Count > 0)
        {
            throw new ArgumentException($"There is no figure \"{unknown[0]}\". There are: {string.Join(", ", s_figures.Keys)}.", nameof(names));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTime.UtcNow:yyyy-MM-dd}, {Processor()}, {Environment.ProcessorCount} processors, {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}"));
        Console.WriteLine();
        Console.WriteLine("| figure | SessionLifetime | peer | goal | |");
        Console.WriteLine("|---|---|---|---|---|");
        foreach (var (name, measure) in s_figures)
        {
            if (names.Length == 1 && names[0] == name)
            {
                foreach (var row in await measure())
                {
                    Console.WriteLine($"| {row.Figure} | {row.Ours} | {row.Peer} | {row.Goal} | {(row.IsMet ? "met" : "not met")} |");
                }
            }
            else if (names.Length != 1 && (names.Length == 0 || names.Contains(name)))
            {
                await RelayAsync(name);
            }
        }
    }

    /// <summary>Has a figure measured in a process of its own: none finds the heap, or the compiled code, of another.</summary>
    private static async Task RelayAsync(string name)
    {
        using var process = Process.Start(ServerProcess.OfThisProgram("report", name))!;
        var lines = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"The figure \"{name}\" could not be measured.");
        }

        foreach (var line in lines.Split('\n').Where(static line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| figure", StringComparison.Ordinal)))
        {
            Console.WriteLine(line);
        }
    }

    private static string Processor() =>
        File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(static line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "?"
            : RuntimeInformation.ProcessArchitecture.ToString();
}
