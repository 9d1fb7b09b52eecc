using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster.Tests.Storage;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Two servers in front of one store, over HTTP, every call to the other one.</summary>
public sealed class SharedWebTests : IAsyncDisposable
{
    private readonly MemoryBackingStore _store = new(TimeProvider.System);
    private readonly List<WebApplication> _apps = [];
    private readonly HttpClient _client = new(new HttpClientHandler { UseCookies = false });
    private readonly List<string> _told = [];
    private int _next;

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        foreach (var app in _apps)
        {
            await app.StopAsync();
            await app.DisposeAsync();
        }

        await _store.DisposeAsync();
    }

    [Fact]
    public async Task EveryCall_MayReachAnyServer()
    {
        await StartAsync(2);
        var id = await AttachAsync();

        for (var call = 0; call < 20; call++)
        {
            var (status, _) = await SendAsync(HttpMethod.Post, "/_session/ping", id);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/", id)).Status);
        }
    }

    [Fact]
    public async Task ASignIn_GivesANewId_ThatEveryServerKnows()
    {
        await StartAsync(2);
        var id = await AttachAsync();

        var (status, answer) = await SendAsync(HttpMethod.Get, "/as/ada", id);
        Assert.Equal(HttpStatusCode.OK, status);
        var newer = Assert.Single(answer.Headers.GetValues("X-Session-Id"));
        Assert.NotEqual(id, newer);

        // The former still works until the newer is used, and leads to the same one everywhere.
        foreach (var _ in _apps)
        {
            var (_, other) = await SendAsync(HttpMethod.Get, "/", id);
            Assert.Equal(newer, Assert.Single(other.Headers.GetValues("X-Session-Id")));
        }

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", newer)).Status);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", newer)).Status);
        await Eventually.IsAsync(() => _store.Records.Values.Single().User == "ada");
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(HttpMethod.Get, "/as/eve", newer, required: true)).Status);
    }

    [Fact]
    public async Task AnExit_IsKnownToEveryServer_AndToldOnce()
    {
        await StartAsync(2);
        var id = await AttachAsync();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", id)).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, "/_session/exit", id)).Status);

        await Eventually.IsAsync(() => _store.WaitingEvents == 0);
        await Eventually.IsAsync(async () =>
        {
            var first = await SendAsync(HttpMethod.Post, "/_session/ping", id);
            var second = await SendAsync(HttpMethod.Post, "/_session/ping", id);
            return first.Status == HttpStatusCode.Gone && second.Status == HttpStatusCode.Gone;
        });
        lock (_told)
        {
            Assert.Equal(["Exited"], _told);
        }
    }

    [Fact]
    public async Task AServerThatStops_EndsNobody()
    {
        await StartAsync(1);
        var id = await AttachAsync();
        await _apps[0].StopAsync();
        await _apps[0].DisposeAsync();
        _apps.Clear();

        await StartAsync(1);

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", id)).Status);
        Assert.Empty(_told);
    }

    [Fact]
    public async Task WhileTheStoreIsAway_AnAttachIs503_AndAKnownSessionGoesOn()
    {
        await StartAsync(1);
        var id = await AttachAsync();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", id)).Status);

        _store.IsAway = true;
        await Eventually.IsAsync(async () => (await TryAttachAsync()).StatusCode == HttpStatusCode.ServiceUnavailable);
        var refused = await TryAttachAsync();
        Assert.Equal("1", Assert.Single(refused.Headers.GetValues("Retry-After")));
        Assert.Equal("storeAway", (string?)(await refused.Content.ReadFromJsonAsync<JsonNode>())!["code"]);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/", id)).Status);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => SendAsync(HttpMethod.Post, "/_session/ping", id)));

        _store.IsAway = false;
        await Eventually.IsAsync(async () => (await TryAttachAsync()).StatusCode == HttpStatusCode.Created);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", id)).Status);
        Assert.Empty(_told);
    }

    private async Task StartAsync(int count)
    {
        for (var number = 0; number < count; number++)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSessionLifetime(static options => options.BrowserBinding = BrowserBinding.Off)
                .UseBackingStore(_ => new ForwardingStore(_store), static options => options.FlushInterval = TimeSpan.FromMilliseconds(200))
                .OnApplicationExit(context =>
                {
                    lock (_told)
                    {
                        _told.Add(context.Reason.ToString());
                    }
                });
            var app = builder.Build();
            app.Use(static (context, next) =>
            {
                if (context.Request.Path.Value!.StartsWith("/as/", StringComparison.Ordinal))
                {
                    context.User = new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, context.Request.Path.Value[4..])], "test"));
                }

                return next(context);
            });
            app.UseRouting();
            app.UseSessionLifetime();
            app.MapSessionLifetime();
            app.MapGet("/", static context => context.Response.WriteAsync(context.GetTabSession()?.Id ?? "none"));
            app.MapGet("/as/{user}", static context => context.Response.WriteAsync(context.GetTabSession()?.Id ?? "none"));
            await app.StartAsync();
            _apps.Add(app);
        }
    }

    private async Task<string> AttachAsync()
    {
        var answer = await TryAttachAsync();
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["id"]!;
    }

    private Task<HttpResponseMessage> TryAttachAsync() => _client.PostAsJsonAsync(Next("/_session/attach"), new { page = "p1" });

    private async Task<(HttpStatusCode Status, HttpResponseMessage Answer)> SendAsync(HttpMethod method, string path, string id, bool required = false)
    {
        using var request = new HttpRequestMessage(method, Next(path));
        request.Headers.Add("X-Session-Id", id);
        request.Headers.Add("X-Session-Page", "p1");
        var answer = await _client.SendAsync(request);
        return required && answer.Headers.TryGetValues("X-Session-State", out var state) && state.Contains("refused")
            ? (HttpStatusCode.Forbidden, answer)
            : (answer.StatusCode, answer);
    }

    private Uri Next(string path) => new(_apps[_next++ % _apps.Count].Urls.First() + path);
}
