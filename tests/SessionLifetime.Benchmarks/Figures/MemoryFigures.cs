using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What an idle session keeps: its ids, its clocks, a page, a browser key of its own, its places in the lists and in the due index.</summary>
internal static class MemoryFigures
{
    private const int Count = 1_000_000;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        var ours = await SessionsAsync();
        var entries = await EntriesAsync();
        return [new("bytes an idle session keeps, at 1,000,000", $"{ours:0}", $"{entries:0} (a distributed session's entry)", "320, aim 220", ours <= 320)];
    }

    private static async Task<double> SessionsAsync()
    {
        await using var pipeline = new Pipeline(
            static services => services.AddSessionLifetime(static options => options.MaxSessions = Count),
            static app => app.UseSessionLifetime());
        await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        var before = Measure.Heap();
        for (var index = 1; index < Count; index++)
        {
            await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        }

        var after = Measure.Heap();
        GC.KeepAlive(pipeline);
        return (after - before) / (Count - 1.0);
    }

    private static async Task<double> EntriesAsync()
    {
        await using var pipeline = new Pipeline(static services => services.AddDistributedMemoryCache(static cache => cache.SizeLimit = null), static _ => { });
        var cache = pipeline.Services.GetRequiredService<IDistributedCache>();
        var before = Measure.Heap();
        for (var index = 0; index < Count; index++)
        {
            // What an empty session of the framework stores: a header and an id.
            await cache.SetAsync(Guid.NewGuid().ToString(), new byte[20], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(20) });
        }

        var after = Measure.Heap();
        GC.KeepAlive(pipeline);
        return (after - before) / (double)Count;
    }
}
