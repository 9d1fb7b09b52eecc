using Yarp.ReverseProxy.Configuration;

namespace Cluster;

/// <summary>Sends each request to any node that is up, and shows what they do. In production this is your load balancer.</summary>
internal static class Front
{
    public static async Task RunAsync(IConfiguration arguments)
    {
        var folder = Directory.CreateTempSubdirectory("sessions-");
        var store = arguments["store"] ?? "sqlite";
        var connection = arguments["connection"] ?? store switch
        {
            "sqlite" => $"Data Source={Path.Combine(folder.FullName, "sessions.db")}",
            "postgres" => "Host=localhost;Username=postgres;Database=postgres",
            "redis" => "localhost:6379",
            _ => throw new InvalidOperationException($"--store is sqlite, postgres or redis, and not '{store}'."),
        };
        var log = new EventLog(TimeProvider.System);
        NodeProcess[] nodes = [new("red", store, connection, log), new("green", store, connection, log), new("blue", store, connection, log)];

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(arguments["urls"] ?? "http://localhost:5080");
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new() { RouteId = "all", ClusterId = "nodes", Match = new() { Path = "{**rest}" } }],
            [
                new()
                {
                    ClusterId = "nodes",
                    LoadBalancingPolicy = "RoundRobin",
                    Destinations = nodes.ToDictionary(node => node.Name, node => new DestinationConfig { Address = node.Url }, StringComparer.Ordinal),

                    // A node that does not answer gets nothing for a moment.
                    HealthCheck = new()
                    {
                        Passive = new() { Enabled = true, Policy = "TransportFailureRate", ReactivationPeriod = TimeSpan.FromSeconds(2) },
                        Active = new() { Enabled = true, Interval = TimeSpan.FromMilliseconds(500), Timeout = TimeSpan.FromMilliseconds(500), Path = "/_session/session-lifetime.js" },
                    },
                },
            ]);
        var app = builder.Build();
        app.UseDefaultFiles();
        app.UseStaticFiles();
        app.MapGet("/front/state", () => new { nodes = nodes.Select(node => new { node.Name, node.IsRunning }), events = log.Read() });
        app.MapPost("/front/kill/{name}", async (string name) =>
        {
            if (Array.Find(nodes, node => string.Equals(node.Name, name, StringComparison.Ordinal)) is not { IsRunning: true } node)
            {
                return Results.NotFound();
            }

            node.Kill();
            log.Add($"{name} was killed");
            await Task.Delay(TimeSpan.FromSeconds(5));
            node.Start();
            log.Add($"{name} starts anew");
            return Results.NoContent();
        });
        app.MapReverseProxy(static proxy =>
        {
            proxy.Use(NextNode.TryAsync);
            proxy.UseLoadBalancing();
            proxy.UsePassiveHealthChecks();
        });
        Array.ForEach(nodes, static node => node.Start());
        try
        {
            await app.RunAsync();
        }
        finally
        {
            Array.ForEach(nodes, static node => node.Dispose());
            folder.Delete(recursive: true);
        }
    }
}
