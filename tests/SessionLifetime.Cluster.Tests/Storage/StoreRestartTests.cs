using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Cluster.Tests.Storage;

/// <summary>The engine over each store, over HTTP: one server after the other, and two at once.</summary>
public sealed class StoreRestartTests(PostgreSqlServer postgres, RedisServer redis) : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("sessionlifetime-restart-");
    private readonly HttpClient _client = new();
    private readonly ConcurrentQueue<string> _told = [];
    private readonly string _name = $"restart_{Guid.NewGuid():N}";

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _folder.Delete(recursive: true);
        return default;
    }

    [Theory]
    [InlineData("SQLite")]
    [InlineData("PostgreSQL")]
    [InlineData("Redis")]
    public async Task A_session_outlives_its_server_and_its_end_is_told_once(string store)
    {
        string id;
        await using (var first = await StartAsync(store))
        {
            var answer = await _client.PostAsJsonAsync(first.Urls.First() + "/_session/attach", new { page = "p1" }, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
            id = (string)(await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["id"]!;
            await first.StopAsync(TestContext.Current.CancellationToken);
        }

        await using var second = await StartAsync(store);
        await using var third = await StartAsync(store);
        Assert.Equal(HttpStatusCode.OK, await CallAsync(second, "ping", id));
        Assert.Equal(HttpStatusCode.OK, await CallAsync(third, "ping", id));
        Assert.Empty(_told);

        Assert.Equal(HttpStatusCode.NoContent, await CallAsync(third, "exit", id));

        for (var tries = 0; await CallAsync(second, "ping", id) != HttpStatusCode.Gone || _told.IsEmpty; tries++)
        {
            Assert.True(tries < 1000, "The end is not seen elsewhere, or not told.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await second.StopAsync(TestContext.Current.CancellationToken);
        await third.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["Exited"], _told);
    }

    private async Task<WebApplication> StartAsync(string store)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var sessions = builder.Services.AddSessionLifetime(static options => options.BrowserBinding = BrowserBinding.Off);
        _ = store switch
        {
            "SQLite" => sessions.UseSqlite($"Data Source={Path.Combine(_folder.FullName, "sessions.db")}"),
            "PostgreSQL" => sessions.UsePostgreSql(await postgres.ConnectionStringAsync(), database: options => options.Schema = _name),
            _ => sessions.UseRedis(await redis.ConfigurationAsync(), prefix: _name),
        };
        sessions.OnApplicationExit(context => _told.Enqueue(context.Reason.ToString()));
        var app = builder.Build();
        app.UseRouting();
        app.UseSessionLifetime();
        app.MapSessionLifetime();
        await app.StartAsync();
        return app;
    }

    private async Task<HttpStatusCode> CallAsync(WebApplication app, string call, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"{app.Urls.First()}/_session/{call}");
        request.Headers.Add("X-Session-Id", id);
        request.Headers.Add("X-Session-Page", "p1");
        using var answer = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }
}
