using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Security.Claims;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Cluster.Tests;

/// <summary>Two servers in front of one store, over HTTP, every call to the other one.</summary>
public sealed class SharedWebTests : IAsyncDisposable
{
    private readonly MemoryBackingStore _store = new(TimeProvider.System);
    private readonly List<WebApplication> _apps = [];
    private readonly HttpClient _client = new(new HttpClientHandler { UseCookies = false });
    private readonly List<string> _told = [];
    private TaskCompletionSource _both = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly LogRecorder _log = new();
    private Owned? _owned;
    private int _inTurn;
    private int _mostInTurn;
    private int _turns;
    private int _here;
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

        // The former still works until the newer is used, and leads to the same one everywhere, as soon as the news has arrived.
        foreach (var _ in _apps)
        {
            IEnumerable<string>? told = null;
            await Eventually.IsAsync(async () => (await SendAsync(HttpMethod.Get, "/", id)).Answer.Headers.TryGetValues("X-Session-Id", out told));
            Assert.Equal(newer, Assert.Single(told!));
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
    public async Task ValuesOfTheFrameworksSession_AreOnEveryServer_AndReadableAtTheExit()
    {
        await StartAsync(2);
        var id = await AttachAsync();

        Assert.Equal("", await ReadAsync("/get/name", id));
        await ReadAsync("/put/name/ada", id);
        Assert.Equal("ada", await ReadAsync("/get/name", id));
        Assert.Equal("ada", await ReadAsync("/get/name", id));
        await Task.WhenAll(Enumerable.Range(0, 8).Select(key => ReadAsync($"/put/key{key}/value{key}", id)));
        for (var key = 0; key < 8; key++)
        {
            Assert.Equal($"value{key}", await ReadAsync($"/get/key{key}", id));
        }

        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, "/_session/exit", id)).Status);
        await Eventually.IsAsync(() => _store.WaitingEvents == 0);
        lock (_told)
        {
            Assert.Equal(["Exited ada"], _told);
        }

        await Eventually.IsAsync(() => _store.ValueCount == 0);
    }

    [Fact]
    public async Task TypedState_IsOnEveryServer_AndAConflictIsMergedOrAnException()
    {
        await StartAsync(2);
        var id = await AttachAsync();

        Assert.Equal("1", await ReadAsync("/cart/add", id));
        Assert.Equal("2", await ReadAsync("/cart/add", id));
        Assert.Equal("3", await ReadAsync("/cart/add", id));

        // Both have read before either has written.
        var answers = await Task.WhenAll(SendAsync(HttpMethod.Get, "/strict/add?wait=1", id), SendAsync(HttpMethod.Get, "/strict/add?wait=1", id));
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.InternalServerError], answers.Select(static answer => answer.Status).Order());
        var merged = await Task.WhenAll(SendAsync(HttpMethod.Get, "/cart/add?wait=1", id), SendAsync(HttpMethod.Get, "/cart/add?wait=1", id));
        Assert.All(merged, static answer => Assert.Equal(HttpStatusCode.OK, answer.Status));
        Assert.Equal("6", await ReadAsync("/cart/add", id));
    }

    [Fact]
    public async Task ATicket_IsUsedOnAnyServer_Once()
    {
        await StartAsync(2);
        var id = await AttachAsync();
        var (status, answer) = await SendAsync(HttpMethod.Post, "/_session/ticket", id);
        Assert.Equal(HttpStatusCode.OK, status);
        var ticket = (string)(await answer.Content.ReadFromJsonAsync<JsonNode>())!["ticket"]!;
        Assert.DoesNotContain(_store.TokenHashes, hash => hash.Contains(ticket, StringComparison.Ordinal));

        // The next call reaches the other server.
        var session = await ReadAsync("/", id);
        _next++;
        Assert.Equal(session, await StreamAsync(ticket));
        foreach (var _ in _apps)
        {
            Assert.Equal("none", await StreamAsync(ticket));
        }
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

    [Fact]
    public async Task SerializedRequests_GoOneAtATime_AcrossServers()
    {
        // A node that had no processor for longer than this pace allows would count as gone, and its turn as free.
        await StartAsync(2, flushMs: 2_000);
        var id = await AttachAsync();
        await ReadAsync("/put/name/ada", id);

        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => ReadAsync("/turn", id)));

        Assert.Equal(12, _turns);
        Assert.Equal(1, _mostInTurn);
        Assert.Equal("ada", await ReadAsync("/get/name", id));
        Assert.Equal("1", await ReadAsync("/count-values", id));
    }

    [Fact]
    public async Task AServerThatStops_TellsOfLiveObjects_ClosesSocketsForANewStart_AndDisposes()
    {
        await StartAsync(2);
        var id = await AttachAsync();
        await ReadAsync("/own", id);
        var holder = _apps[(_next - 1) % 2];
        using var socket = new System.Net.WebSockets.ClientWebSocket();
        socket.Options.SetRequestHeader("X-Session-Id", id);
        await socket.ConnectAsync(new Uri(holder.Urls.First().Replace("http", "ws", StringComparison.Ordinal) + "/socket"), default);

        var stopping = holder.StopAsync();
        var received = await socket.ReceiveAsync(new byte[100].AsMemory(), default);
        Assert.Equal(System.Net.WebSockets.WebSocketMessageType.Close, received.MessageType);
        Assert.Equal(1012, (int)socket.CloseStatus!.Value);
        await socket.CloseOutputAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, default);
        await stopping;

        lock (_told)
        {
            Assert.Equal(["leaving with object"], _told);
        }

        Assert.True(_owned!.IsDisposed);
        _apps.Remove(holder);
        await holder.DisposeAsync();
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Post, "/_session/ping", id)).Status);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, "/_session/exit", id)).Status);
        await Eventually.IsAsync(() => _store.WaitingEvents == 0);
        lock (_told)
        {
            Assert.Equal(["leaving with object", "Exited"], _told);
        }
    }

    [Fact]
    public async Task TheHealthCheck_TellsOfTheStore()
    {
        await StartAsync(1);
        var health = _apps[0].Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);

        _store.IsAway = true;
        await Eventually.IsAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Degraded);
        Assert.Contains("has not answered for", (await health.CheckHealthAsync()).Entries["SessionLifetime"].Description!, StringComparison.Ordinal);

        _store.IsAway = false;
        await Eventually.IsAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Healthy);
        await _apps[0].StopAsync();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
    }

    [Fact]
    public async Task AStart_WhileTheStoreIsAway_IsNotReady()
    {
        _store.IsAway = true;
        await StartAsync(1);
        var health = _apps[0].Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Unhealthy, (await health.CheckHealthAsync()).Status);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await TryAttachAsync()).StatusCode);

        _store.IsAway = false;
        await Eventually.IsAsync(async () => (await health.CheckHealthAsync()).Status == HealthStatus.Healthy);
        Assert.Equal(HttpStatusCode.Created, (await TryAttachAsync()).StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task KeysOfDataProtection_ThatOthersCannotRead_AreWarnedOf(bool isConfigured)
    {
        await StartAsync(1, services =>
        {
            var protection = services.AddDataProtection();
            if (isConfigured)
            {
                protection.PersistKeysToFileSystem(new(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName())));
            }
        });

        Assert.Equal(isConfigured ? 0 : 1, _log.Lines.Count(static line => line.Text.Contains("Data Protection", StringComparison.Ordinal)));
    }

    private async Task StartAsync(int count, Action<IServiceCollection>? configure = null, int flushMs = 200)
    {
        for (var number = 0; number < count; number++)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders().AddProvider(_log);
            builder.Services.AddHealthChecks().AddSessionLifetime();
            configure?.Invoke(builder.Services);
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.AddSessionLifetime(static options => options.BrowserBinding = BrowserBinding.Off)
                .UseBackingStore(_ => new InterceptedStore(_store), options => options.FlushInterval = TimeSpan.FromMilliseconds(flushMs))
                .AddHttpSession()
                .AddSessionState<Cart>(static (theirs, ours) => new() { Items = Math.Max(theirs.Items, ours.Items) + 1 })
                .AddSessionState<Strict>()
                .OnSessionLeaving(context =>
                {
                    lock (_told)
                    {
                        _told.Add("leaving with " + string.Join(' ', context.Session.Items.Keys));
                    }
                })
                .OnApplicationExit(context =>
                {
                    var name = context.Session.GetHttpSessionValues().TryGetValue("name", out var value) ? " " + Encoding.UTF8.GetString(value) : "";
                    lock (_told)
                    {
                        _told.Add(context.Reason + name);
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
            app.UseWebSockets();
            app.UseSessionLifetime();
            app.MapSessionLifetime();
            app.MapGet("/", static context => context.Response.WriteAsync(context.GetTabSession()?.Id ?? "none"));
            app.MapGet("/stream", static context => context.Response.WriteAsync(context.GetTabSession()?.Id ?? "none"));
            app.MapGet("/as/{user}", static context => context.Response.WriteAsync(context.GetTabSession()?.Id ?? "none"));
            app.MapGet("/put/{key}/{value}", static context =>
            {
                context.Session.SetString((string)context.GetRouteValue("key")!, (string)context.GetRouteValue("value")!);
                return Task.CompletedTask;
            });
            app.MapGet("/get/{key}", static context => context.Response.WriteAsync(context.Session.GetString((string)context.GetRouteValue("key")!) ?? ""));
            app.MapGet("/count-values", static context => context.Response.WriteAsync(context.Session.Keys.Count().ToString(CultureInfo.InvariantCulture)));
            app.MapGet("/own", context =>
            {
                context.GetTabSession()!.Items["object"] = _owned = new Owned();
                return Task.CompletedTask;
            });
            app.MapGet("/socket", static async context =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                await socket.ReceiveAsync(new byte[100].AsMemory(), default);
            });
            app.MapGet("/turn", async context =>
            {
                var inside = Interlocked.Increment(ref _inTurn);
                _mostInTurn = Math.Max(_mostInTurn, inside);
                await Task.Delay(5);
                Interlocked.Decrement(ref _inTurn);
                _turns++;
            }).WithMetadata(new SerializePerSessionAttribute());
            app.MapGet("/cart/add", async context =>
            {
                var cart = context.RequestServices.GetRequiredService<Cart>();
                await BothAsync(context);
                cart.Items++;
                await context.Response.WriteAsync(cart.Items.ToString(CultureInfo.InvariantCulture));
            });
            app.MapGet("/strict/add", async context =>
            {
                var cart = context.RequestServices.GetRequiredService<Strict>();
                await BothAsync(context);
                cart.Items++;
            });
            await app.StartAsync();
            _apps.Add(app);
        }
    }

    /// <summary>Waits until two requests are here.</summary>
    private async Task BothAsync(HttpContext context)
    {
        if (context.Request.Query.ContainsKey("wait"))
        {
            var both = Interlocked.Increment(ref _here) % 2 == 0;
            var gate = both ? _both : Volatile.Read(ref _both);
            if (both)
            {
                _both = new(TaskCreationOptions.RunContinuationsAsynchronously);
                gate.SetResult();
            }

            await gate.Task;
        }
    }

    /// <summary>What a connection that can set no header does.</summary>
    private async Task<string> StreamAsync(string ticket)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Next("/stream?session-ticket=" + ticket));
        request.Headers.Accept.ParseAdd("text/event-stream");
        return await (await _client.SendAsync(request)).Content.ReadAsStringAsync();
    }

    private async Task<string> ReadAsync(string path, string id)
    {
        var (status, answer) = await SendAsync(HttpMethod.Get, path, id);
        Assert.Equal(HttpStatusCode.OK, status);
        return await answer.Content.ReadAsStringAsync();
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

    private sealed class Owned : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }

    public sealed class Cart
    {
        public int Items { get; set; }
    }

    public sealed class Strict
    {
        public int Items { get; set; }
    }
}
