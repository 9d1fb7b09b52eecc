using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Benchmarks;
using SessionLifetime.Cluster;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Speed;

/// <summary>What one node does in a second, and what a session and a request cost it.</summary>
internal static class NodeFigures
{
    /// <summary>Requests of many sessions as fast as a thread makes them, while the touches are written behind it.</summary>
    public static async Task TouchesAsync(Action<SessionLifetimeBuilder> store)
    {
        const int Sessions = 50_000;
        await using var app = await SpeedApp.OfOursAsync(store);
        var visitors = await app.StartSessionsAsync(Sessions);
        var node = app.Services.GetRequiredService<NodeState>();
        await Task.Delay(TimeSpan.FromSeconds(8));
        var lane = app.Rent();
        var (from, done, waited, furthest, nextLook) = (Clock.Now, 0L, 0, TimeSpan.Zero, Clock.Now);

        // As 100,000 requests a second: each session is touched every half second.
        while (Clock.Now - from < 20)
        {
            for (var due = (long)((Clock.Now - from) * 100_000); done < due; done++)
            {
                var running = lane.RunAsync(visitors[done % Sessions]);
                waited += lane.WasImmediate ? 0 : 1;
                await running;
            }

            if (Clock.Now > nextLook)
            {
                nextLook = Clock.Now + 0.25;
                var behind = node.Clock.Now.Since(node.Watermark);
                furthest = behind > furthest ? behind : furthest;
            }

            await Task.Yield();
        }

        Console.WriteLine(FormattableString.Invariant(
            $"  touches {done / (Clock.Now - from):N0} a second of {Sessions} sessions; {waited} of {done} requests waited; the store was {furthest.TotalSeconds:F1} s behind at the most"));
    }

    /// <summary>Sessions that fall silent together: how many ends a second are decided and told to a handler. Each was raised before, as nobody handled that.</summary>
    public static async Task EndsAsync(Action<SessionLifetimeBuilder> store)
    {
        const int Sessions = 20_000;
        var (told, first, last) = (0, 0L, 0L);
        var all = new TaskCompletionSource();
        await using var app = await SpeedApp.OfOursAsync(
            builder =>
            {
                store(builder);
                builder.OnApplicationExit(_ =>
                {
                    var now = System.Diagnostics.Stopwatch.GetTimestamp();
                    Interlocked.CompareExchange(ref first, now, 0);
                    Volatile.Write(ref last, now);
                    if (Interlocked.Increment(ref told) == Sessions)
                    {
                        all.TrySetResult();
                    }
                });
            },
            static options => (options.SessionTimeout, options.CountdownDuration, options.SweepInterval) = (TimeSpan.FromSeconds(45), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(1)));
        var visitors = await app.StartSessionsAsync(Sessions);
        await Task.Delay(TimeSpan.FromSeconds(8));
        var lane = app.Rent();
        foreach (var visitor in visitors)
        {
            await lane.RunAsync(visitor);
        }

        await Task.WhenAny(all.Task, Task.Delay(TimeSpan.FromMinutes(3)));
        Console.WriteLine(FormattableString.Invariant(
            $"  ends {Volatile.Read(ref told) / System.Diagnostics.Stopwatch.GetElapsedTime(first, last).TotalSeconds:N0} a second, decided and delivered ({told} of {Sessions})"));
    }

    /// <summary>From the call that ends a session on one node until another node has heard of it.</summary>
    public static async Task RemoteEndsAsync(Action<SessionLifetimeBuilder> store)
    {
        const int Sessions = 300;
        TabSession? seen = null;
        await using var here = await SpeedApp.OfOursAsync(store);
        await using var there = await SpeedApp.OfOursAsync(store, endpoint: context =>
        {
            seen = context.GetTabSession();
            return Task.CompletedTask;
        });
        var visitors = await here.StartSessionsAsync(Sessions);
        var (sessions, lane) = (here.Services.GetRequiredService<ISessionLifetime>(), there.Rent());
        await Task.Delay(TimeSpan.FromSeconds(8));
        var (heard, told) = (new List<double>(), new List<double>());
        foreach (var visitor in visitors)
        {
            await lane.RunAsync(visitor);
            var ended = new TaskCompletionSource();
            await using var _ = seen!.Ended.Register(ended.SetResult);
            var from = Clock.Now;
            var ending = sessions.EndAsync(visitor.Id).AsTask();
            var answered = ending.ContinueWith(_ => Clock.Now - from, TaskScheduler.Default);
            await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
            heard.Add(Clock.Now - from);
            told.Add(await answered);
        }

        heard.Sort();
        told.Sort();
        Console.WriteLine(FormattableString.Invariant(
            $"  a remote end is seen after {heard[Sessions / 2] * 1000:F1} ms (half), {heard[Sessions * 99 / 100] * 1000:F1} ms (99 of 100) of the call; the call itself takes {told[Sessions / 2] * 1000:F1} and {told[Sessions * 99 / 100] * 1000:F1} ms"));
    }

    /// <summary>What the heap keeps of an idle session.</summary>
    public static async Task<double> BytesAsync(Action<SessionLifetimeBuilder> store)
    {
        const int Sessions = 100_000;
        await using var app = await SpeedApp.OfOursAsync(store);
        await app.StartSessionsAsync(1000);
        await Task.Delay(TimeSpan.FromSeconds(12));
        var before = Measure.Heap();
        await app.StartAndForgetAsync(Sessions);

        // What is kept of a commit for some seconds is over.
        await Task.Delay(TimeSpan.FromSeconds(12));
        var bytes = (Measure.Heap() - before) / (double)Sessions;
        GC.KeepAlive(app);
        return bytes;
    }

    /// <summary>What a request costs more than without sessions, in nanoseconds: the least of many turns, in memory and over the store.</summary>
    public static async Task<(double Memory, double Store)> RequestAsync(Action<SessionLifetimeBuilder> store)
    {
        await using var none = await SpeedApp.StartAsync(static _ => { }, static _ => { });
        await using var memory = await SpeedApp.OfOursAsync(static _ => { });
        await using var shared = await SpeedApp.OfOursAsync(store);
        var lanes = new[] { none.Rent(), memory.Rent(), shared.Rent() };
        var visitor = (await memory.StartSessionsAsync(1))[0];
        Visitor[] visitors = [visitor, visitor, (await shared.StartSessionsAsync(1))[0]];
        await Task.Delay(TimeSpan.FromSeconds(3));
        double[] least = [double.MaxValue, double.MaxValue, double.MaxValue];
        for (var round = 0; round < 40; round++)
        {
            for (var index = 0; index < lanes.Length; index++)
            {
                const int Calls = 25_000;
                var from = System.Diagnostics.Stopwatch.GetTimestamp();
                for (var call = 0; call < Calls; call++)
                {
                    await lanes[index].RunAsync(visitors[index]);
                }

                least[index] = Math.Min(least[index], System.Diagnostics.Stopwatch.GetElapsedTime(from).TotalNanoseconds / Calls);
            }
        }

        return (least[1] - least[0], least[2] - least[0]);
    }
}
