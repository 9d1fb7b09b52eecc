using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Soak.Databases;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Speed;

/// <summary>What requests cost the database: with sessions of the library, and with the framework's on the same database.</summary>
internal static class RequestFigures
{
    private const double Seconds = 20;

    public static async Task MeasureAsync(IDatabase database, string framework, Action<SessionLifetimeBuilder> store, Action<Microsoft.Extensions.DependencyInjection.IServiceCollection> cache)
    {
        foreach (var (sessions, rate) in new[] { (8000, 0.2), (400, 20.0) })
        {
            // One at a time, and beyond what the server costs that nobody uses.
            await using var none = await SpeedApp.StartAsync(static _ => { }, static _ => { });
            var bare = await RunAsync(none, [.. Enumerable.Repeat(new Visitor("", "", "", ""), sessions)], rate, database);
            Cost ourCost, theirCost;
            await using (var ours = await SpeedApp.OfOursAsync(store))
            {
                var our = await ours.StartSessionsAsync(sessions);

                // What starting them has left to write is written.
                await Task.Delay(TimeSpan.FromSeconds(12));
                ourCost = await RunAsync(ours, our, rate, database);
            }

            await using (var theirs = await SpeedApp.StartAsync(cache, static app => app.UseSession(), WriteOnceAsync))
            {
                theirCost = await RunAsync(theirs, await StartTheirsAsync(theirs, sessions), rate, database);
            }

            var hasServer = database.Processes.Count > 0;
            var (ourTime, theirTime) = hasServer
                ? (ourCost.Database - bare.Database, theirCost.Database - bare.Database)
                : (ourCost.Own - bare.Own, theirCost.Own - bare.Own);
            var what = hasServer ? "of the database, beyond that without requests" : "of the process, beyond that without sessions";
            Console.WriteLine(FormattableString.Invariant($"""
                  {rate} requests a second and session ({sessions} sessions, {ourCost.Requests} requests)
                    processor seconds {what}: {ourTime:F2}, {framework} {theirTime:F2}
                    requests a second of it: {ourCost.Requests / Math.Max(ourTime, 0.01):N0}, {framework} {theirCost.Requests / Math.Max(theirTime, 0.01):N0}: {theirTime / Math.Max(ourTime, 0.01):F1} times
                    requests that waited: {ourCost.Waited} of {ourCost.Requests}, {framework} {theirCost.Waited}
                """));
        }
    }

    private static Task WriteOnceAsync(HttpContext context)
    {
        if (context.Request.Headers.Cookie.Count == 0)
        {
            context.Session.SetInt32("n", 1);
        }

        return Task.CompletedTask;
    }

    private static async Task<Visitor[]> StartTheirsAsync(SpeedApp app, int count)
    {
        var visitors = new Visitor[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (index, _) =>
        {
            // A lane of its own: its answer keeps the cookie.
            var lane = app.Make();
            await lane.RunAsync(new("", "", "", ""));
            visitors[index] = new("", "", "", lane.Cookies);
        });
        return visitors;
    }

    private static async Task<Cost> RunAsync(SpeedApp app, Visitor[] visitors, double rate, IDatabase database)
    {
        var (database0, own0) = (ProcessorTime.Of(database.Processes), ProcessorTime.Own);
        var total = (int)(visitors.Length * rate * Seconds);
        var running = new List<Task>();
        var waited = 0;
        var from = Clock.Now;
        for (var done = 0; done < total;)
        {
            var due = (int)Math.Min(total, (Clock.Now - from) / Seconds * total);
            for (; done < due; done++)
            {
                var lane = app.Rent();
                var request = lane.RunAsync(visitors[done % visitors.Length]);
                if (lane.WasImmediate)
                {
                    app.Return(lane);
                }
                else
                {
                    waited++;
                    running.Add(ReturnAsync(lane, request));
                }
            }

            await Task.Delay(5);
        }

        await Task.WhenAll(running);

        // What is written behind the requests is written.
        await Task.Delay(TimeSpan.FromSeconds(2));
        return new(total, waited, ProcessorTime.Of(database.Processes) - database0, ProcessorTime.Own - own0);

        async Task ReturnAsync(Lane lane, Task request)
        {
            await request;
            app.Return(lane);
        }
    }

    private sealed record Cost(int Requests, int Waited, double Database, double Own);
}
