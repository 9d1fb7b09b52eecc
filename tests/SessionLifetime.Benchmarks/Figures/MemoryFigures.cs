using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Caching.Distributed;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What an idle session keeps: its ids, its clocks, a page, a browser key of its own, its places in the lists and in the due index.</summary>
internal static class MemoryFigures
{
    private const int Count = 1_000_000;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        var ours = await SessionsAsync(Count);
        var entries = await EntriesAsync();
        return [new("bytes an idle session keeps, at 1,000,000", $"{ours:0}", $"{entries:0} (a distributed session's entry)", "320, aim 220", ours <= 320)];
    }

    /// <summary>Bytes an idle session keeps.</summary>
    public static async Task<double> SessionsAsync(int count)
    {
        await using var pipeline = new Pipeline(
            services => services.AddSessionLifetime(options => options.MaxSessions = count),
            static app => app.UseSessionLifetime());
        await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        var before = Measure.Heap();
        for (var index = 1; index < count; index++)
        {
            await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        }

        var after = Measure.Heap();
        GC.KeepAlive(pipeline);
        return (after - before) / (count - 1.0);
    }

    public static Pipeline Cache() => new(static services => services.AddDistributedMemoryCache(static cache => cache.SizeLimit = null), static _ => { });

    public static async Task AddEntriesAsync(Pipeline pipeline, int count)
    {
        var cache = pipeline.Services.GetRequiredService<IDistributedCache>();
        for (var index = 0; index < count; index++)
        {
            // What an empty session of the framework stores: a header and an id.
            await cache.SetAsync(Guid.NewGuid().ToString(), new byte[20], new DistributedCacheEntryOptions { SlidingExpiration = TimeSpan.FromMinutes(20) });
        }
    }

    private static async Task<double> EntriesAsync()
    {
        await using var pipeline = Cache();
        var before = Measure.Heap();
        await AddEntriesAsync(pipeline, Count);
        var after = Measure.Heap();
        GC.KeepAlive(pipeline);
        return (after - before) / (double)Count;
    }
}
