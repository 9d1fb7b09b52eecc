using System.Net;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Http;

/// <summary>
/// What an attacker leaves behind in memory: nothing. Through the real pipeline, without a server around it, so that a million requests
/// take seconds.
/// </summary>
[Collection(nameof(MemoryTests))]
[CollectionDefinition(nameof(MemoryTests), DisableParallelization = true)]
public sealed class MemoryTests : IAsyncDisposable
{
    private const long Allowed = 5 * 1024 * 1024;
    private const string CookieName = "SessionLifetime.Browser";

    private static readonly byte[] s_hello = Encoding.UTF8.GetBytes("""{"page":"page","tab":"tab"}""");

    private readonly WebApplication _app;
    private readonly RequestDelegate _pipeline;
    private readonly SessionLifetimeOptions _options;

    public MemoryTests()
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseTestServer();
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(static logging => logging.SetMinimumLevel(LogLevel.Warning));
        builder.Services.AddSessionLifetime(static options => options.MaxSessions = 100)

            // What waits for an event must be given back too.
            .OnSessionStarted(static _ => { })
            .OnSessionResumed(static _ => { })
            .OnApplicationExit(static _ => { });
        _app = builder.Build();
        _options = _app.Services.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value;
        var pipeline = new ApplicationBuilder(_app.Services);
        pipeline.UseRouting();
        pipeline.UseSessionLifetime();
        pipeline.UseEndpoints(static endpoints =>
        {
            endpoints.MapSessionLifetime();
            endpoints.MapGet("/app", static context => context.Response.WriteAsync("app"));
            endpoints.MapGet("/required", static context => context.Response.WriteAsync("app")).RequireTabSession();
        });
        _pipeline = pipeline.Build();
    }

    [Fact]
    public async Task A_million_ids_that_nobody_issued_leave_the_heap_where_it_was()
    {
        var client = new Client(_app.Services, _pipeline);
        (string Method, string Path, int Status)[] calls =
        [
            ("GET", "/_session", 404), ("POST", "/_session/ping", 404), ("POST", "/_session/activity", 404), ("POST", "/_session/exit", 404),
            ("POST", "/_session/detach", 204), ("GET", "/_session/stretch", 200), ("GET", "/app", 200), ("GET", "/required", 404),
        ];

        await StaysAsync(1_000_000, async n =>
        {
            var (method, path, status) = calls[n % calls.Length];

            // Every other one comes with a browser key of its own.
            var id = n % 16 == 15 ? "bogus-" + n : SessionId.Create().Reveal();
            Assert.Equal(status, await client.SendAsync(method, path, id, n % 2 == 0 ? BrowserKey.Create() : BrowserKey.None));
        });
        Assert.Equal(0, _app.Services.GetRequiredService<ISessionLifetime>().Count);
    }

    [Fact]
    public async Task One_hundred_thousand_attaches_that_find_no_room_leave_the_heap_where_it_was()
    {
        var client = new Client(_app.Services, _pipeline);
        for (var n = 0; n < _options.MaxSessions; n++)
        {
            Assert.Equal(201, await client.SendAsync("POST", "/_session/attach", id: null, BrowserKey.Create(), body: s_hello));
        }

        await StaysAsync(100_000, async n => Assert.Equal(503, await client.SendAsync(
            "POST", "/_session/attach", n % 3 == 0 ? SessionId.Create().Reveal() : null, n % 2 == 0 ? BrowserKey.Create() : BrowserKey.None, "user-" + n, s_hello)));
        Assert.Equal(_options.MaxSessions, _app.Services.GetRequiredService<ISessionLifetime>().Count);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task One_hundred_thousand_attaches_to_somebody_elses_session_leave_the_heap_where_it_was(bool wrongUser)
    {
        // The victim's is the last session there is room for: who is refused it gets none of their own either.
        var client = new Client(_app.Services, _pipeline);
        var engine = _app.Services.GetRequiredService<SessionEngine>();
        var key = BrowserKey.Create();
        for (var n = 1; n < _options.MaxSessions; n++)
        {
            Assert.Equal(201, await client.SendAsync("POST", "/_session/attach", id: null, BrowserKey.Create(), body: s_hello));
        }

        Assert.Equal(201, await client.SendAsync("POST", "/_session/attach", id: null, key, "ada", s_hello));
        var victim = Assert.Single(await engine.Directory.ListAsync(new SessionFilter("ada"), after: null, 10, default));
        var id = victim.Secret.Reveal();

        await StaysAsync(100_000, async n => Assert.Equal(503, await client.SendAsync(
            "POST", "/_session/attach", id, wrongUser ? key : n % 2 == 0 ? BrowserKey.Create() : BrowserKey.None, wrongUser ? "user-" + n : null, s_hello)));
        Assert.Equal((key, "ada"), (victim.Browser, victim.User));
        Assert.Equal(403, await client.SendAsync("POST", "/_session/ping", id, wrongUser ? key : BrowserKey.Create(), wrongUser ? "bob" : null));
        Assert.Equal(200, await client.SendAsync("POST", "/_session/ping", id, key));
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>What is alive after it was done so often is no more than after it was done a thousand times.</summary>
    private static async Task StaysAsync(int count, Func<int, Task> attack)
    {
        for (var n = 0; n < 1000; n++)
        {
            await attack(n);
        }

        var before = Alive();
        for (var n = 0; n < count; n++)
        {
            await attack(n);
        }

        var grown = Alive() - before;
        Assert.True(grown < Allowed, $"{count} times left {grown} bytes behind.");
    }

    private static long Alive()
    {
        for (var pass = 0; pass < 3; pass++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Forced, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        return GC.GetTotalMemory(forceFullCollection: true);
    }

    /// <summary>Sends one request after the other.</summary>
    private sealed class Client(IServiceProvider services, RequestDelegate pipeline)
    {
        public async Task<int> SendAsync(string method, string path, string? id, BrowserKey key = default, string? user = null, byte[]? body = null)
        {
            var context = new DefaultHttpContext { RequestServices = services };
            context.Request.Method = method;
            context.Request.Path = path;
            context.Request.Scheme = "https";
            context.Response.Body = Stream.Null;
            context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
            if (id is not null)
            {
                context.Request.Headers[SessionApp.IdHeader] = id;
            }

            if (!key.IsNone)
            {
                context.Request.Headers.Cookie = $"{CookieName}={key.Reveal()}";
            }

            if (user is not null)
            {
                context.User = new ClaimsPrincipal(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], "test"));
            }

            if (body is not null)
            {
                context.Request.ContentType = "application/json";
                context.Request.Body = new MemoryStream(body);
                context.Request.ContentLength = body.Length;
            }

            await pipeline(context);
            return context.Response.StatusCode;
        }
    }
}
