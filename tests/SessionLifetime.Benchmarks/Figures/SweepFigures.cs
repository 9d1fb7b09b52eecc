using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What the sweep costs: with nothing due, with sessions to be looked at again, with a million ends.</summary>
internal static class SweepFigures
{
    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        var few = await IdleAsync(10_000);
        var many = await IdleAsync(10_000_000);
        var (looks, looked) = await RecheckAsync();
        return
        [
            new("sweep of 10,000,000 sessions, nothing due", $"{many:0.0} us ({many / few:0.0} times that of 10,000)", "", "5 us, twice", many <= 5 && many <= few * 2),
            new($"sweep, {looked:N0} of 1,000,000 looked at again", $"{looks:0.00} ms", "", "2 ms", looks < 2),
        ];
    }

    private static async Task<double> IdleAsync(int count)
    {
        var time = new ManualTime();
        await using var pipeline = Sessions(time, count);
        for (var index = 0; index < count; index++)
        {
            await pipeline.Services.StartSessionAsync(BrowserKey.None);
        }

        var sweeper = pipeline.Services.GetRequiredService<SessionSweeper>();
        var samples = new List<double>();
        for (var round = 0; round < 200; round++)
        {
            var startedAt = Stopwatch.GetTimestamp();
            await sweeper.SweepAsync();
            samples.Add(Stopwatch.GetElapsedTime(startedAt).TotalMicroseconds);
            time.Advance(TimeSpan.FromSeconds(1));
        }

        return Measure.Median(samples);
    }

    /// <summary>A million sessions of which one in a hundred, anywhere in memory, comes due each minute, and was touched since.</summary>
    private static async Task<(double Milliseconds, int Looked)> RecheckAsync()
    {
        const int Count = 1_000_000;
        const int Shares = 100;
        var time = new ManualTime();
        await using var pipeline = Sessions(time, Count, TimeSpan.FromMinutes(120));
        time.Advance(TimeSpan.FromMinutes(Shares));
        var entries = new SessionEntry[Count];
        var shares = Enumerable.Range(0, Count).Select(static index => index % Shares).ToArray();
        Random.Shared.Shuffle(shares);
        for (var index = 0; index < Count; index++)
        {
            var earlier = TimeSpan.FromMinutes(Shares - shares[index]);
            time.Advance(-earlier);
            entries[index] = await pipeline.Services.StartSessionAsync(BrowserKey.None);
            time.Advance(earlier);
        }

        var engine = pipeline.Services.GetRequiredService<SessionEngine>();
        time.Advance(TimeSpan.FromMinutes(10));
        foreach (var entry in entries)
        {
            await engine.TryCountAsync(entry, SignalReport.Activity);
        }

        var sweeper = pipeline.Services.GetRequiredService<SessionSweeper>();
        time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromSeconds(1));
        var (samples, looked) = (new List<double>(), new List<double>());
        for (var share = 0; share < Shares; share++)
        {
            time.Advance(TimeSpan.FromMinutes(1));
            var startedAt = Stopwatch.GetTimestamp();
            looked.Add(await sweeper.SweepAsync());
            samples.Add(Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds);
        }

        // The first ones are compiled as they run.
        return (Measure.Median(samples[(Shares / 2)..]), (int)Measure.Median(looked[(Shares / 2)..]));
    }

    private static Pipeline Sessions(ManualTime time, int count, TimeSpan? timeout = null) => new(
        services => services.AddSingleton<TimeProvider>(time).AddSessionLifetime(options =>
        {
            options.MaxSessions = count;
            options.SessionTimeout = timeout ?? options.SessionTimeout;
        }),
        static app => app.UseSessionLifetime());
}
