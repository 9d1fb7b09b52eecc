using Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Soak.Nodes;
using Yarp.ReverseProxy.Configuration;

namespace SessionLifetime.Soak.Deploy;

/// <summary>A load balancer as that of the sample: any request to any node, and to another one where that does not take it.</summary>
internal sealed class DeployFront : IAsyncDisposable
{
    private readonly WebApplication _app;

    private DeployFront(WebApplication app) => _app = app;

    public string Url => _app.Urls.First();

    public static async Task<DeployFront> StartAsync(IEnumerable<NodeProcess> nodes)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new() { RouteId = "all", ClusterId = "nodes", Match = new() { Path = "{**rest}" } }],
            [
                new()
                {
                    ClusterId = "nodes",
                    LoadBalancingPolicy = "Random",
                    Destinations = nodes.ToDictionary(static node => node.Url, static node => new DestinationConfig { Address = node.Url }, StringComparer.Ordinal),
                },
            ]);
        var app = builder.Build();
        app.MapReverseProxy(static proxy =>
        {
            proxy.Use(NextNode.TryAsync);
            proxy.UseLoadBalancing();
        });
        await app.StartAsync();
        return new(app);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
