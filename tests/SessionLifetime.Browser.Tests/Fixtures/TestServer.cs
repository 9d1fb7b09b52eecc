using System.Collections.Concurrent;
using System.Diagnostics;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Browser.Tests;

/// <summary>
/// The server under test: a small app that uses the library, on real Kestrel and a port of its own. It records every request, and
/// fails on demand. Its pages run under a strict content-security policy unless a test says otherwise.
/// </summary>
public sealed class TestServer : IAsyncDisposable
{
    public const string StrictPolicy = "default-src 'self'; require-trusted-types-for 'script'";

    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly WebApplication _app;

    private TestServer(Action<SessionLifetimeOptions>? configure, int port, string site, Action<CookieBuilder>? cookie)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        DocumentationExamples.Cors(builder, site);
        builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
        builder.Services.AddSessionLifetime(options =>
        {
            options.SweepInterval = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        }).ConfigureBrowserCookie(cookie ?? (static _ => { })).AddHttpSession(static options => options.StartOnWrite = true);

        _app = builder.Build();
        _app.UsePageErrors(() => First);
        _app.Use(RecordAsync);
        _app.UseCors();
        _app.Use(FailAsync);
        _app.UseRouting();
        _app.UseAuthentication();
        _app.UseSessionLifetime();
        _app.MapSessionLifetime();
        _app.MapMethods("/api", ["GET", "POST"], AnswerAsync);
        _app.MapMethods("/api/alive", ["GET", "POST"], AnswerAsync).WithSessionSignal(SessionSignal.Alive);
        _app.MapMethods("/api/none", ["GET", "POST"], AnswerAsync).WithSessionSignal(SessionSignal.None);
        _app.MapPost("/api/note/{text}", (HttpContext context, string text) => context.Session.SetString("note", text));
        _app.MapGet("/api/note", (HttpContext context) => new { note = context.Session.GetString("note") });
        _app.MapMethods("/api/redirect", ["GET", "POST"], static (string to) => Results.Redirect(to));
        _app.MapPost("/api/leave", (HttpContext context) => context.ExitAndRedirectAsync("/bye"));
        _app.MapPost("/api/sign-out", SignOutAsync);
        _app.MapPost("/api/rotate", (HttpContext context) => context.GetTabSession()!.RotateIdAsync());
        _app.MapGet("/sign-in", SignInAsync).DisableTabSession();
        _app.MapGet("/file", () => Results.File(Encoding.UTF8.GetBytes("x"), "application/octet-stream", "file.bin"));
        _app.MapGet("/204", () => Results.NoContent());
        _app.MapGet("/{**path}", PageAsync).DisableTabSession();
    }

    public string Url => _app.Urls.First();

    /// <summary>Attributes of the script tag of the pages made from here on.</summary>
    public string Attributes { get; set; } = "";

    /// <summary>The same for the <c>html</c> element.</summary>
    public string HtmlAttributes { get; set; } = "lang=\"en\"";

    public string Policy { get; set; } = StrictPolicy;

    /// <summary>Whole pages by path, in place of the usual one; scripts, where the path ends like one.</summary>
    public IDictionary<string, string> Pages { get; } = new Dictionary<string, string>();

    /// <summary>More headers of pages, by path.</summary>
    public IDictionary<string, Dictionary<string, string>> Headers { get; } = new Dictionary<string, Dictionary<string, string>>();

    /// <summary>A script that pages run before all others.</summary>
    public string First { get; set; } = "";

    /// <summary>While set, this is what the session calls and the app's own answer.</summary>
    public ServerFailure? Failure { get; set; }

    /// <summary>The paths whose requests are cut off.</summary>
    public Func<string, bool> Refuses { get; set; } = static _ => false;

    /// <summary>Waited for before a request, which is recorded already, goes on to the library.</summary>
    public Func<RecordedRequest, Task>? Before { get; set; }

    /// <summary>Waited for before an answer without a body goes out.</summary>
    public Func<RecordedRequest, Task>? After { get; set; }

    /// <summary>How long the answer, which is made at once, is under way.</summary>
    public Func<RecordedRequest, TimeSpan>? Travel { get; set; }

    public ISessionLifetime Sessions => _app.Services.GetRequiredService<ISessionLifetime>();

    public SessionLifetimeEvents Events => _app.Services.GetRequiredService<SessionLifetimeEvents>();

    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>Starts one on a port.</summary>
    /// <param name="configure">Its options.</param>
    /// <param name="port">The port; 0 for any that is free.</param>
    /// <param name="site">The other origin whose pages may use it.</param>
    /// <param name="cookie">What the browser cookie is like.</param>
    public static async Task<TestServer> StartAsync(
        Action<SessionLifetimeOptions>? configure = null, int port = 0, string site = "http://localhost", Action<CookieBuilder>? cookie = null)
    {
        var server = new TestServer(configure, port, site, cookie);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>The calls of the module, by the last part of their path: "attach", "ping", ...; "" is the status.</summary>
    public IReadOnlyList<RecordedRequest> Calls(string name)
    {
        var path = $"/_session/{name}".TrimEnd('/');
        return [.. _requests.Where(request => request.Path == path && request.Method != "OPTIONS")];
    }

    /// <summary>Waits until the server has received that many calls of a name.</summary>
    public Task WaitForCallsAsync(string name, int count, TimeSpan? within = null) =>
        Eventually.BecomesTrueAsync(() => Calls(name).Count >= count, () => $"{count} calls of '{name}', but received:\n{this}", within);

    /// <summary>What the module told of the user: reports, and pings that were due before the report and say it as well.</summary>
    public IReadOnlyList<RecordedRequest> Reports => [.. Calls("activity").Concat(Calls("ping").Where(static call => call.Body.Contains("idleMs", StringComparison.Ordinal)))];

    /// <summary>Waits until the module has told of the user.</summary>
    public Task WaitForReportAsync() => Eventually.BecomesTrueAsync(() => Reports.Count > 0, () => $"a report of the user, but received:\n{this}");

    public async Task EndAllAsync(SessionEndReason reason = SessionEndReason.Revoked)
    {
        foreach (var session in await Sessions.ListAsync())
        {
            await Sessions.EndAsync(session.Id, reason);
        }
    }

    public override string ToString() => string.Join('\n', _requests);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task RecordAsync(HttpContext context, RequestDelegate next)
    {
        context.Request.EnableBuffering();
        using var reader = new StreamReader(context.Request.Body, leaveOpen: true);
        var recorded = new RecordedRequest
        {
            Method = context.Request.Method,
            Path = context.Request.Path,
            Headers = new HeaderDictionary(context.Request.Headers.ToDictionary()),
            Body = await reader.ReadToEndAsync(),
            At = _clock.Elapsed,
        };
        context.Request.Body.Position = 0;
        _requests.Enqueue(recorded);
        await (Before?.Invoke(recorded) ?? Task.CompletedTask);
        if (Travel?.Invoke(recorded) is { } travel && travel > TimeSpan.Zero)
        {
            await AnswerLateAsync(context, next, travel);
        }
        else
        {
            await next(context);
        }

        await (After?.Invoke(recorded) ?? Task.CompletedTask);
        recorded.Status = context.Response.StatusCode;
    }

    private static async Task AnswerLateAsync(HttpContext context, RequestDelegate next, TimeSpan travel)
    {
        var body = context.Response.Body;
        using var made = new MemoryStream();
        context.Response.Body = made;
        await next(context);
        context.Response.Body = body;
        await Task.Delay(travel);
        await body.WriteAsync(made.ToArray());
    }

    private Task FailAsync(HttpContext context, RequestDelegate next)
    {
        if (Refuses(context.Request.Path.Value!))
        {
            context.Abort();
            return Task.CompletedTask;
        }

        var isApi = context.Request.Path.StartsWithSegments("/_session") || context.Request.Path.StartsWithSegments("/api");
        if (Failure is not { } failure || !isApi || context.Request.Path.Value!.EndsWith(".js", StringComparison.Ordinal))
        {
            return next(context);
        }

        if (failure.Status == 0)
        {
            context.Abort();
            return Task.CompletedTask;
        }

        context.Response.StatusCode = failure.Status;
        context.Response.ContentType = failure.ContentType;
        return context.Response.WriteAsync(failure.Body);
    }

    private static async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        await context.Response.WriteAsJsonAsync(new
        {
            session = context.GetTabSession()?.Id,
            user = context.User.Identity?.Name,
            header = context.Request.Headers["X-Session-Id"].ToString(),
            body = await reader.ReadToEndAsync(),
        });
    }

    private static async Task SignInAsync(HttpContext context, string user)
    {
        var identity = new ClaimsIdentity([new Claim(ClaimTypes.Name, user)], CookieAuthenticationDefaults.AuthenticationScheme);
        await context.SignInAsync(new ClaimsPrincipal(identity));
        context.Response.Redirect("/");
    }

    private static async Task SignOutAsync(HttpContext context)
    {
        await (context.GetTabSession()?.ExitAsync() ?? Task.CompletedTask);
        await context.SignOutAsync();
    }

    private async Task PageAsync(HttpContext context)
    {
        var isScript = context.Request.Path.Value!.EndsWith(".js", StringComparison.Ordinal);
        context.Response.ContentType = isScript ? "text/javascript; charset=utf-8" : "text/html; charset=utf-8";
        context.Response.Headers.ContentSecurityPolicy = Policy;
        foreach (var (name, value) in Headers.TryGetValue(context.Request.Path, out var more) ? more : [])
        {
            context.Response.Headers[name] = value;
        }

        await context.Response.WriteAsync(PageErrors.Into(Pages.TryGetValue(context.Request.Path, out var own) ? own : $"""
            <!doctype html>
            <html {HtmlAttributes}>
            <head>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
              <title>Order 4711</title>
              <script type="module" src="/_session/session-lifetime.js" data-session-lifetime {Attributes}></script>
            </head>
            <body>
              <main>
                <h1>Order 4711</h1>
                <p><a id="next" href="/next">Next</a></p>
                <label>Name <input id="name"></label>
              </main>
            </body>
            </html>
            """));
    }
}
