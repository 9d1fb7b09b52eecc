using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>
/// What a signal costs: the id is parsed, the session found, its rules looked at, its clocks stamped. Beside it the least that anybody
/// could do: parse, look up in a dictionary, write the time.
/// </summary>
internal static class TouchFigures
{
    private const int Batch = 1000;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        var rows = new List<FigureRow>();
        foreach (var (count, goal) in new[] { (10_000, 1.4), (1_000_000, 1.2) })
        {
            await using var pipeline = new Pipeline(
                static services => services.AddSessionLifetime(static options => options.MaxSessions = 2_000_000),
                static app => app.UseSessionLifetime());
            var ids = new string[count];
            var bare = new Dictionary<SessionId, Entry>(count);
            for (var index = 0; index < count; index++)
            {
                var entry = await pipeline.Services.StartSessionAsync(BrowserKey.Create());
                ids[index] = entry.Secret.Reveal();
                bare[entry.Secret] = new Entry();
            }

            Random.Shared.Shuffle(ids);
            var engine = pipeline.Services.GetRequiredService<SessionEngine>();
            var time = TimeProvider.System;
            int next = 0, nextBare = 0;
            var times = Measure.Nanoseconds(200, () => Touch(engine, ids, ref next), () => TouchBare(bare, time, ids, ref nextBare));
            var (ours, least) = (times[0] / Batch, times[1] / Batch);
            rows.Add(new(
                $"touch at {count:N0} sessions",
                $"{ours:0} ns ({ours / least:0.00} times)",
                $"{least:0} ns (bare dictionary)",
                $"{goal:0.0} times",
                ours <= least * goal));
            if (count == 10_000)
            {
                // Once, so that it is compiled for good: what is still being observed to be compiled counts into memory that threads share.
                Together(engine, ids, threads: 2);
                Thread.Sleep(300);
                var scale = Together(engine, ids, threads: 2) / Together(engine, ids, threads: 1);
                rows.Add(new("touches of two threads against one", $"{scale:0.00} times", "", "1.7 times", scale >= 1.7));
            }
        }

        return rows;
    }

    private static void Touch(SessionEngine engine, string[] ids, ref int next)
    {
        for (var call = 0; call < Batch; call++)
        {
            if (++next >= ids.Length)
            {
                next = 0;
            }

            if (!SessionId.TryParse(ids[next], out var secret)
                || !engine.Directory.TryGet(secret, out var entry)
                || !IsCounted(engine.TryCountAsync(entry, SignalReport.Activity)))
            {
                throw new InvalidOperationException("A session is gone.");
            }
        }
    }

    private static bool IsCounted(ValueTask<bool> count) => count.IsCompletedSuccessfully && count.Result;

    private static void TouchBare(Dictionary<SessionId, Entry> sessions, TimeProvider time, string[] ids, ref int next)
    {
        for (var call = 0; call < Batch; call++)
        {
            if (++next >= ids.Length)
            {
                next = 0;
            }

            if (!SessionId.TryParse(ids[next], out var secret) || !sessions.TryGetValue(secret, out var entry))
            {
                throw new InvalidOperationException("A session is gone.");
            }

            entry.At = time.GetTimestamp();
        }
    }

    /// <summary>Touches a second of so many threads, each at sessions of its own.</summary>
    private static double Together(SessionEngine engine, string[] ids, int threads)
    {
        var samples = new List<double>();
        for (var round = 0; round < 5; round++)
        {
            const int Batches = 2000;
            using var start = new Barrier(threads + 1);
            var workers = Enumerable.Range(0, threads).Select(thread => new Thread(() =>
            {
                var next = thread * ids.Length / threads;
                start.SignalAndWait();
                for (var batch = 0; batch < Batches; batch++)
                {
                    Touch(engine, ids, ref next);
                }
            })).ToList();
            workers.ForEach(static worker => worker.Start());
            start.SignalAndWait();
            var startedAt = Stopwatch.GetTimestamp();
            workers.ForEach(static worker => worker.Join());
            samples.Add(threads * Batches * Batch / Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
        }

        return Measure.Median(samples);
    }

    private sealed class Entry
    {
        public long At { get; set; }
    }
}
