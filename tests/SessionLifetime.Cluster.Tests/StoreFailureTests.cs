using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>What a request is answered whose changes cannot be written, on a real server.</summary>
public sealed class StoreFailureTests : IAsyncDisposable
{
    private readonly MemoryBackingStore _memory = new(TimeProvider.System);
    private readonly InterceptedStore _store;
    private readonly HttpClient _client = new(new HttpClientHandler { UseCookies = false });
    private WebApplication _app = null!;

    public StoreFailureTests() => _store = new(_memory);

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _memory.DisposeAsync();
    }

    /// <summary>Whatever the endpoint changes, and however it starts its answer.</summary>
    [Theory]
    [InlineData("/put/nothing")]
    [InlineData("/put/text")]
    [InlineData("/put/stream")]
    [InlineData("/put/flush")]
    [InlineData("/put/pipe")]
    [InlineData("/put/start")]
    [InlineData("/put/complete")]
    [InlineData("/destruct/nothing")]
    [InlineData("/destruct/text")]
    [InlineData("/destruct/stream")]
    [InlineData("/destruct/pipe")]
    [InlineData("/both/nothing")]
    [InlineData("/both/text")]
    public async Task AChangeThatCannotBeWritten_IsAnswered503(string path)
    {
        await StartAsync();
        var id = await AttachAsync();
        _store.Before = static (call, _) => call is "commit" or "write" ? throw new IOException("lost") : Task.CompletedTask;

        using var answer = await SendAsync(path, id);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.NotNull(answer.Headers.RetryAfter);
        Assert.DoesNotContain("done", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/put/text")]
    [InlineData("/put/stream")]
    [InlineData("/put/pipe")]
    [InlineData("/put/complete")]
    public async Task AChangeThatIsWritten_IsInTheStoreBeforeTheAnswer(string path)
    {
        await StartAsync();
        var id = await AttachAsync();

        using var answer = await SendAsync(path, id);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(path == "/put/complete" ? "" : "done", await answer.Content.ReadAsStringAsync());
        Assert.Equal(1, _memory.ValueCount);
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, _app.Urls.First() + path);
        request.Headers.Add("X-Session-Id", id);
        request.Headers.Add("X-Session-Page", "p1");
        return await _client.SendAsync(request);
    }

    private async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSessionLifetime().UseBackingStore(_ => _store).AddHttpSession();
        _app = builder.Build();
        _app.UseRouting();
        _app.UseSessionLifetime();
        _app.MapSessionLifetime();
        _app.MapGet("/put/{how}", static context =>
        {
            context.Session.Set("a", [1]);
            return AnswerAsync(context);
        });
        _app.MapGet("/destruct/{how}", static context =>
        {
            context.GetTabSession()!.SelfDestruct(TimeSpan.FromHours(1));
            return AnswerAsync(context);
        });
        _app.MapGet("/both/{how}", static context =>
        {
            context.Session.Set("a", [1]);
            context.GetTabSession()!.SelfDestruct(TimeSpan.FromHours(1));
            return AnswerAsync(context);
        });
        await _app.StartAsync();
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        switch ((string)context.GetRouteValue("how")!)
        {
            case "text":
                await context.Response.WriteAsync("done");
                break;
            case "stream":
                await context.Response.Body.WriteAsync("done"u8.ToArray().AsMemory());
                break;
            case "flush":
                await context.Response.Body.FlushAsync();
                break;
            case "pipe":
                await context.Response.BodyWriter.WriteAsync("done"u8.ToArray());
                break;
            case "start":
                await context.Response.StartAsync();
                break;
            case "complete":
                await context.Response.CompleteAsync();
                break;
        }
    }

    private async Task<string> AttachAsync()
    {
        using var answer = await _client.PostAsJsonAsync(_app.Urls.First() + "/_session/attach", new { page = "p1" });
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
    }
}
