using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>A million sessions that end in one sweep, each told to one handler, while others are touched.</summary>
internal static class EndFigures
{
    private const int Count = 1_000_000;

    private static int s_told;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        // Once small, so that nothing is compiled while it is measured.
        await EndAsync(50_000, touches: true);
        var rates = new List<double>();
        for (var round = 0; round < 3; round++)
        {
            rates.Add((await EndAsync(Count, touches: false)).Rate);
        }

        var rate = Measure.Median(rates);
        var (_, delay) = await EndAsync(Count, touches: true);
        return
        [
            new("1,000,000 sessions ending in one sweep, one handler", $"{rate / 1_000_000:0.00} million ends a second", "", "1.50 million", rate >= 1_500_000),
            new("a touch of another session meanwhile, p99.9", $"{delay:0.000} ms", "", "1 ms", delay <= 1),
        ];
    }

    private static async Task<(double Rate, double Delay)> EndAsync(int count, bool touches)
    {
        var time = new ManualTime();
        await using var pipeline = new Pipeline(
            services => services.AddSingleton<TimeProvider>(time)
                .AddSessionLifetime(options => options.MaxSessions = count + 10)
                .OnApplicationExit(static _ => Interlocked.Increment(ref s_told)),
            static app => app.UseSessionLifetime());
        for (var index = 0; index < count; index++)
        {
            await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        }

        time.Advance(TimeSpan.FromMinutes(30));
        var other = await pipeline.Services.StartSessionAsync(BrowserKey.Create());
        Measure.Heap();
        s_told = 0;
        time.Advance(TimeSpan.FromMinutes(15));
        var engine = pipeline.Services.GetRequiredService<SessionEngine>();
        await engine.TryCountAsync(other, SignalReport.Activity);
        using var stop = new CancellationTokenSource();
        var delays = touches ? Task.Factory.StartNew(() => Touch(engine, other, stop.Token), TaskCreationOptions.LongRunning) : Task.FromResult(0.0);
        var startedAt = Stopwatch.GetTimestamp();
        await pipeline.Services.GetRequiredService<SessionSweeper>().SweepAsync();
        SpinWait.SpinUntil(() => Volatile.Read(ref s_told) == count);
        var seconds = Stopwatch.GetElapsedTime(startedAt).TotalSeconds;
        await stop.CancelAsync();
        if (engine.Directory.Count != 1)
        {
            throw new InvalidOperationException($"{engine.Directory.Count} sessions are left.");
        }

        return (count / seconds, await delays);
    }

    private static double Touch(SessionEngine engine, SessionEntry entry, CancellationToken stop)
    {
        var samples = new List<double>(10_000_000);
        while (!stop.IsCancellationRequested)
        {
            var startedAt = Stopwatch.GetTimestamp();
            if (!engine.Directory.TryGet(entry.Secret, out var found) || !engine.TryCountAsync(found, SignalReport.Activity).Result)
            {
                throw new InvalidOperationException("The session is gone.");
            }

            samples.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
            Thread.SpinWait(20);
        }

        samples.Sort();
        return samples[(int)(samples.Count * 0.999)];
    }
}
