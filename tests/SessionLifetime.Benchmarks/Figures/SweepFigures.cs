using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

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

    private static async Task<(double Milliseconds, int Looked)> RecheckAsync()
    {
        const int Count = 1_000_000;
        var time = new ManualTime();
        await using var pipeline = Sessions(time, Count);
        var cells = new SessionCell[Count];
        var share = new HashSet<int>(Enumerable.Range(0, Count).OrderBy(static _ => Random.Shared.Next()).Take(Count / 100));
        time.Advance(TimeSpan.FromMinutes(30));
        for (var index = 0; index < Count; index++)
        {
            // One in a hundred, anywhere in memory, started ten minutes before the others: only these come due.
            var earlier = share.Contains(index) ? TimeSpan.FromMinutes(10) : TimeSpan.Zero;
            time.Advance(-earlier);
            cells[index] = await pipeline.Services.StartSessionAsync(BrowserKey.None);
            time.Advance(earlier);
        }

        time.Advance(TimeSpan.FromMinutes(9));
        var engine = pipeline.Services.GetRequiredService<SessionEngine>();
        foreach (var index in share)
        {
            await engine.TryCountAsync(cells[index], Signal.Activity);
        }

        var sweeper = pipeline.Services.GetRequiredService<SessionSweeper>();
        time.Advance(TimeSpan.FromMinutes(2));
        var startedAt = Stopwatch.GetTimestamp();
        var looked = await sweeper.SweepAsync();
        return (Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds, looked);
    }

    private static Pipeline Sessions(ManualTime time, int count) => new(
        services => services.AddSingleton<TimeProvider>(time).AddSessionLifetime(options => options.MaxSessions = count),
        static app => app.UseSessionLifetime());

    /// <summary>A clock that stands until it is moved.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
