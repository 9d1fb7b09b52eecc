using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>How much longer a full collection takes with a million idle sessions.</summary>
internal static class CollectionFigures
{
    private const int Count = 1_000_000;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        var without = Collect();
        var ours = await SessionsAsync() - without;
        without = Collect();
        var entries = await EntriesAsync() - without;
        return [new("a full collection with 1,000,000 idle sessions, longer by", $"{ours:0} ms", $"{entries:0} ms (distributed entries)", "70 ms", ours <= 70)];
    }

    private static async Task<double> SessionsAsync()
    {
        await using var pipeline = new Pipeline(
            static services => services.AddSessionLifetime(static options => options.MaxSessions = Count),
            static app => app.UseSessionLifetime());
        for (var index = 0; index < Count; index++)
        {
            await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        }

        return Collect();
    }

    private static async Task<double> EntriesAsync()
    {
        await using var pipeline = MemoryFigures.Cache();
        await MemoryFigures.AddEntriesAsync(pipeline, Count);
        return Collect();
    }

    private static double Collect()
    {
        Measure.Heap();
        var samples = new List<double>();
        for (var pass = 0; pass < 5; pass++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            GC.Collect(2, GCCollectionMode.Forced, blocking: true, compacting: false);
            samples.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        }

        return Measure.Median(samples);
    }
}
