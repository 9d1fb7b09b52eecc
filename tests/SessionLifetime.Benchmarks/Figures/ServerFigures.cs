using SessionLifetime.Benchmarks.Servers;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>Real servers under load over loopback, taking turns.</summary>
internal static class ServerFigures
{
    private const int Rounds = 7;

    private static readonly TimeSpan s_turn = TimeSpan.FromSeconds(2);

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        using var plain = ServerProcess.Start(ServerKind.Plain);
        using var ours = ServerProcess.Start(ServerKind.Ours);
        using var framework = ServerProcess.Start(ServerKind.Framework);
        var get = await MeasureAsync("GET", (plain, "/"), (ours, "/"), (framework, "/"));
        var post = await MeasureAsync("POST", (plain, "/json"), (ours, "/_session/ping"));
        return
        [
            new(
                $"Kestrel under load ({Load.Client}), requests a second against no middleware",
                $"{Median(get[1].Rate, get[0].Rate):0.00}",
                $"{Median(get[2].Rate, get[0].Rate):0.00} (framework session)",
                "0.96",
                Median(get[1].Rate, get[0].Rate) >= 0.96),
            new(
                "the same, processor time of the server a request",
                $"{Median(get[1].Cost, get[0].Cost):0.00} times",
                $"{Median(get[2].Cost, get[0].Cost):0.00} times",
                "1.05 times",
                Median(get[1].Cost, get[0].Cost) <= 1.05),
            new(
                "ping endpoint, requests a second against an endpoint that writes the same JSON",
                $"{Median(post[1].Rate, post[0].Rate):0.00}",
                "",
                "0.90",
                Median(post[1].Rate, post[0].Rate) >= 0.9),
        ];
    }

    /// <summary>Of each server, its requests a second and its processor time a request, round by round.</summary>
    private static async Task<(List<double> Rate, List<double> Cost)[]> MeasureAsync(string method, params (ServerProcess Server, string Path)[] variants)
    {
        var samples = variants.Select(static _ => (Rate: new List<double>(), Cost: new List<double>())).ToArray();
        for (var round = -1; round < Rounds; round++)
        {
            for (var index = 0; index < variants.Length; index++)
            {
                var (server, path) = variants[index];
                var before = server.ProcessorTime;
                var requests = await Load.RunAsync(server, method, path, s_turn);
                if (round >= 0)
                {
                    samples[index].Rate.Add(requests / s_turn.TotalSeconds);
                    samples[index].Cost.Add((server.ProcessorTime - before).TotalMicroseconds / requests);
                }
            }
        }

        return samples;
    }

    /// <summary>The median of what each round says: its two turns had the same machine.</summary>
    private static double Median(List<double> ours, List<double> peer) => Measure.Median([.. ours.Zip(peer, static (a, b) => a / b)]);
}
