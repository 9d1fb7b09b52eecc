using Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Soak.Nodes;

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
        builder.Services.AddReverseProxy().LoadFromMemory(Balancing.Routes, [Balancing.Cluster(nodes.Select(static node => node.Url), isSticky: false)]);
        var app = builder.Build();
        app.MapReverseProxy(Balancing.Use);
        await app.StartAsync();
        return new(app);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
