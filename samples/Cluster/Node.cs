using System.Globalization;
using SessionLifetime;

namespace Cluster;

/// <summary>One server: an ordinary app whose sessions are in a store. It does not know that there are others.</summary>
internal static class Node
{
    public static async Task RunAsync(string name, IConfiguration arguments)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(arguments["url"]!);
        var sessions = builder.Services
            .AddSessionLifetime(options =>
            {
                options.SessionTimeout = TimeSpan.FromSeconds(60);
                options.CountdownDuration = TimeSpan.FromSeconds(30);
            })
            .AddSessionState<Counter>()
            .OnSessionStarted(context => Tell(name, "SessionStarted", context))
            .OnSessionTimeout(context => Tell(name, "SessionTimeout", context))
            .OnApplicationExit(context => Tell(name, $"ApplicationExit ({context.Reason})", context));
        var connection = arguments["connection"]!;
        _ = arguments["store"] switch
        {
            "postgres" => sessions.UsePostgreSql(connection),
            "redis" => sessions.UseRedis(connection),
            _ => sessions.UseSqlite(connection),
        };

        LeavingLifetime.Add(builder.Services);
        var app = builder.Build();
        app.UseRouting();
        app.UseSessionLifetime();
        app.MapSessionLifetime();
        LeavingLifetime.Map(app);

        // Counts in the session's own state, which the next node reads and goes on with.
        app.MapPost("/count", (Counter counter) => new { node = name, count = ++counter.Value }).RequireTabSession();
        await app.RunAsync();
    }

    /// <summary>The front reads what a node prints.</summary>
    private static void Tell(string node, string what, SessionEventContext context)
    {
        var again = context.Attempt > 1 ? string.Create(CultureInfo.InvariantCulture, $", attempt {context.Attempt}") : "";
        Console.WriteLine($"event {node}: {what} of {context.Session.Id}{again}");
    }
}
