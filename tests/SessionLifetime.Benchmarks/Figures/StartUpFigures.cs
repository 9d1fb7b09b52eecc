using SessionLifetime.Benchmarks.Servers;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What the library adds to the start of an app, cold: each start is a process of its own.</summary>
internal static class StartUpFigures
{
    private const int Starts = 15;

    public static Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        var samples = new Dictionary<ServerKind, List<double>>
        {
            [ServerKind.Plain] = [],
            [ServerKind.Ours] = [],
        };
        for (var start = 0; start < Starts; start++)
        {
            foreach (var (kind, times) in samples)
            {
                using var server = ServerProcess.Start(kind);
                times.Add(server.StartMilliseconds);
            }
        }

        var plain = Measure.Median(samples[ServerKind.Plain]);
        var added = Measure.Median(samples[ServerKind.Ours]) - plain;
        return Task.FromResult<IReadOnlyList<FigureRow>>(
            [new("start of an app with the library, more than without", $"{added:0} ms", $"{plain:0} ms (the app)", "10 ms", added <= 10)]);
    }
}
