using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Engine;
using SessionLifetime.Policy;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Cluster.Tests;

/// <summary>A server that stops.</summary>
public sealed class StoppingTests
{
    [Fact]
    public async Task WhileTheStoreIsAway_AServerStopsWithoutAFault()
    {
        await using var store = new MemoryBackingStore(TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSessionLifetime(static options => options.BrowserBinding = BrowserBinding.Off).UseBackingStore(_ => new InterceptedStore(store));
        await using var app = builder.Build();
        app.UseRouting();
        app.UseSessionLifetime();
        app.MapSessionLifetime();
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = new(app.Urls.First()) };
        using var answer = await client.PostAsJsonAsync("/_session/attach", new { page = "p1" }, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var id = (string)(await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["id"]!;
        using var ping = new HttpRequestMessage(HttpMethod.Post, "/_session/activity") { Headers = { { "X-Session-Id", id }, { "X-Session-Page", "p1" } } };
        using var served = await client.SendAsync(ping, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, served.StatusCode);

        store.IsAway = true;

        await app.StopAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task ARequestThatAServerDidNotWaitFor_AsksTheStore_AfterItsNodeHasLeft()
    {
        var time = new FakeTimeProvider();
        await using var store = new MemoryBackingStore(time);
        await using var node = await ClusterHost.StartAsync(time, store);
        await using var other = await ClusterHost.StartAsync(time, store);
        var entry = await node.Host.StartAsync("p1");
        time.Advance(ClusterHost.Flush);
        await node.BeatAsync();
        await node.Host.Get<ClusterNodeService>().StoppingAsync(TestContext.Current.CancellationToken);
        await node.Host.Get<ClusterNodeService>().StoppedAsync(TestContext.Current.CancellationToken);

        time.Advance(ClusterHost.Flush);
        Assert.True(await node.Host.Engine.TryCountAsync(entry, SignalReport.Activity));

        Assert.Equal(node.Directory.Read(entry).LastActivity.Ticks, store.Records[entry.Id.ToString()].Stamps.LastActivity.Ticks);
        await other.BeatAsync();
        Assert.False(other.Node.IsLive(node.Node.Id));
    }
}
