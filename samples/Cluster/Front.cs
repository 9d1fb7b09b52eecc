namespace Cluster;

/// <summary>Sends each request to a node that is up, and shows what they do. In production this is your load balancer.</summary>
internal static class Front
{
    public static async Task RunAsync(IConfiguration arguments)
    {
        var store = arguments["store"] ?? "sqlite";
        if (store is not ("sqlite" or "postgres" or "redis"))
        {
            throw new InvalidOperationException($"--store is sqlite, postgres or redis, and not '{store}'.");
        }

        var folder = Directory.CreateTempSubdirectory("sessions-");
        OwnServer? server;
        try
        {
            server = store is not "sqlite" && arguments["connection"] is null ? await OwnServer.StartAsync(store, folder) : null;
        }
        catch (InvalidOperationException)
        {
            folder.Delete(recursive: true);
            throw;
        }

        var connection = arguments["connection"] ?? server?.Connection ?? $"Data Source={Path.Combine(folder.FullName, "sessions.db")}";
        var log = new EventLog(TimeProvider.System);
        NodeProcess[] nodes = [new("red", store, connection, log), new("green", store, connection, log), new("blue", store, connection, log)];

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.WebHost.UseUrls(arguments["urls"] ?? "http://localhost:5080");
        var isSticky = arguments.GetValue<bool>("sticky");
        builder.Services.AddReverseProxy().LoadFromMemory(Balancing.Routes, [Balancing.Cluster(nodes.Select(static node => node.Url), isSticky)]);
        var app = builder.Build();
        app.UseDefaultFiles();
        app.UseStaticFiles();

        // After the files: the route of the proxy matches every path.
        app.UseRouting();
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
        app.MapReverseProxy(Balancing.Use);
        Array.ForEach(nodes, static node => node.Start());
        try
        {
            await app.RunAsync();
        }
        finally
        {
            Array.ForEach(nodes, static node => node.Dispose());
            server?.Dispose();
            folder.Delete(recursive: true);
        }
    }
}
