using Cluster;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Soak.Nodes;
using Yarp.ReverseProxy.Forwarder;

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
        app.MapReverseProxy(proxy =>
        {
            proxy.Use(ExplainAsync);
            Balancing.Use(proxy);
        });
        await app.StartAsync();
        return new(app);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    /// <summary>What no node has answered says why.</summary>
    private static async Task ExplainAsync(HttpContext context, RequestDelegate next)
    {
        await next(context);
        if (context.Features.Get<IForwarderErrorFeature>() is { } error && !context.Response.HasStarted)
        {
            var inner = error.Exception?.InnerException;
            await context.Response.WriteAsync($"{error.Error}: {error.Exception?.GetType().Name} {error.Exception?.Message} ({inner?.GetType().Name} {inner?.Message})");
        }
    }
}
