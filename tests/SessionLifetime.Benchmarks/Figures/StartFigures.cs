using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Ids;

namespace SessionLifetime.Benchmarks.Figures;

/// <summary>What the start of a session costs, beside the first commit of the framework's.</summary>
internal static class StartFigures
{
    private const int Count = 20_000;

    public static async Task<IReadOnlyList<FigureRow>> MeasureAsync()
    {
        await using var empty = new Pipeline(static _ => { }, static _ => { });
        await using var framework = new Pipeline(
            static services => services.AddDistributedMemoryCache(static cache => cache.SizeLimit = null).AddSession(),
            static app =>
            {
                app.UseSession();
                app.Use(static (context, next) =>
                {
                    context.Session.SetInt32("n", 1);
                    return next(context);
                });
            });
        await using var ours = new Pipeline(
            static services => services.AddSessionLifetime(static options => options.MaxSessions = int.MaxValue),
            static app => app.UseSessionLifetime());
        var keys = Enumerable.Range(0, Count).Select(static _ => BrowserKey.Create()).ToArray();
        var next = 0;
        void Start()
        {
            next = (next + 1) % Count;
            ours.Services.StartSessionAsync(keys[next]).GetAwaiter().GetResult();
        }

        // Once for nothing: what is still being observed to be compiled for good is slow.
        Measure.Nanoseconds(Count / 10, Start);
        var times = Measure.Nanoseconds(Count / 10, Start, framework.RunAsNew, empty.RunAsNew);
        var (start, commit) = (times[0], times[1] - times[2]);
        var kept = await MemoryFigures.SessionsAsync(50_000);
        var allocated = Measure.Bytes(Start);
        return
        [
            new(
                "start of a session, against the first commit of the framework's",
                $"{start:0} ns ({start / commit:0.00} times)",
                $"{commit:0} ns",
                "0.25 times",
                start <= commit / 4),
            new(
                "bytes it allocates more than the session keeps",
                $"{allocated - kept:0}",
                $"{Measure.Bytes(framework.RunAsNew) - Measure.Bytes(empty.RunAsNew):0} in all",
                "400",
                allocated - kept <= 400),
        ];
    }
}
