using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Browser.Tests;

/// <summary>A visit as the server saw it: whose session it had, and whose the page was that it came from.</summary>
public sealed record Visit(string Method, string Path, string? Session, string? From, IHeaderDictionary Headers, int Status);

/// <summary>
/// An app of many plain pages: each says whose session it was rendered for, and has a link or a form for every kind of navigation.
/// </summary>
public sealed class NavigationServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<Visit> _visits = new();
    private readonly WebApplication _app;

    private NavigationServer(Action<SessionLifetimeOptions>? configure, Action<SessionLifetimeBuilder> sessions, Action<WebApplication>? use, int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        builder.Services.AddAntiforgery();
        sessions(builder.Services.AddSessionLifetime(options =>
        {
            options.SweepInterval = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        }));
        _app = builder.Build();
        _app.UsePageErrors(() => First);
        _app.Use(RecordAsync);
        use?.Invoke(_app);
        _app.UseRouting();
        _app.UseSessionLifetime();
        _app.MapSessionLifetime();
        _app.MapGet("/expired", static (HttpContext context) => Results.Content($"<!doctype html><title>Expired</title><h1>Expired</h1><a id=\"home\" href=\"/home\">Home</a>{Tag(context)}", "text/html"));
        _app.MapGet("/good-bye", static (HttpContext context) => Results.Content($"<!doctype html><title>Bye</title><h1>Bye</h1>{Tag(context, new TagHelperAttribute("start", "never"))}", "text/html"));
        _app.MapGet("/bare", PageAsync);
        _app.MapGet("/file", () => Results.File(Encoding.UTF8.GetBytes("x"), "application/octet-stream", "file.bin"));
        _app.MapGet("/204", () => Results.NoContent());
        _app.MapGet("/plain", PageAsync);
        _app.MapGet("/public", PageAsync).DisableTabSession();
        _app.MapGet("/redirect", () => Results.Redirect("/redirect-again")).StartTabSession();
        _app.MapGet("/redirect-again", (string? to) => Results.Redirect($"/{to ?? "landed"}"));
        _app.MapPost("/post", PostAsync);
        _app.MapPost("/answer", AnswerAsync);
        _app.MapPost("/returned", context =>
        {
            Note(context);
            context.Response.Redirect("/landed");
            return Task.CompletedTask;
        }).DisableAntiforgery();
        _app.MapGet("/{page}", PageAsync).StartTabSession();
    }

    public string Url => _app.Urls.First();

    public ISessionLifetime Sessions => _app.Services.GetRequiredService<ISessionLifetime>();

    public IReadOnlyList<Visit> Visits => [.. _visits];

    /// <summary>A script that the plain pages run before all others.</summary>
    public string First { get; set; } = "";

    /// <summary>The content-security policy of every answer that has none of its own.</summary>
    public string Policy { get; set; } = "";

    /// <summary>Waited for before a request goes on to the library.</summary>
    public Func<HttpContext, Task>? Before { get; set; }

    public static Task<NavigationServer> StartAsync(Action<SessionLifetimeOptions>? configure = null) =>
        StartAsync(configure, static sessions => sessions.AddNavigationRelay());

    public static async Task<NavigationServer> StartAsync(
        Action<SessionLifetimeOptions>? configure, Action<SessionLifetimeBuilder> sessions, Action<WebApplication>? use = null, int port = 0)
    {
        var server = new NavigationServer(configure, sessions, use, port);
        await server._app.StartAsync();
        return server;
    }

    public IReadOnlyList<Visit> Calls(string name) => [.. _visits.Where(visit => visit.Path == "/_session/" + name)];

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static string Tag(HttpContext context, params TagHelperAttribute[] attributes)
    {
        var helper = new SessionLifetimeTagHelper(context.RequestServices) { ViewContext = new ViewContext { HttpContext = context } };
        var output = new TagHelperOutput("session-lifetime", new(attributes), (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        helper.Process(new TagHelperContext(new(attributes), new Dictionary<object, object>(), "1"), output);
        using var writer = new StringWriter();
        output.WriteTo(writer, System.Text.Encodings.Web.HtmlEncoder.Default);
        return writer.ToString();
    }

    private async Task RecordAsync(HttpContext context, RequestDelegate next)
    {
        await (Before?.Invoke(context) ?? Task.CompletedTask);
        context.Response.Headers.ContentSecurityPolicy = Policy;
        await next(context);
        var from = context.Request.HasFormContentType ? (await context.Request.ReadFormAsync())["from"].ToString() : context.Request.Query["from"].ToString();
        _visits.Enqueue(new(
            context.Request.Method,
            context.Request.Path,
            context.Items["session"] as string,
            from,
            new HeaderDictionary(context.Request.Headers.ToDictionary()),
            context.Response.StatusCode));
    }

    private static void Note(HttpContext context) => context.Items["session"] = context.GetTabSession()?.Id;

    private static async Task PostAsync(HttpContext context, IAntiforgery antiforgery)
    {
        Note(context);
        if (!await antiforgery.IsRequestValidAsync(context))
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = "/posted";
    }

    private static Task AnswerAsync(HttpContext context, IAntiforgery antiforgery) => PageAsync(context, antiforgery);

    private static async Task PageAsync(HttpContext context, IAntiforgery antiforgery)
    {
        Note(context);
        var session = context.GetTabSession()?.Id;

        // A page with a form's token is stored nowhere, which one that is everybody's may be.
        var token = context.Request.Path.Value is "/public" or "/bare" ? null : antiforgery.GetAndStoreTokens(context);
        var fields = $"""<input type="hidden" name="from" value="{session}"><input type="hidden" name="{token?.FormFieldName}" value="{token?.RequestToken}">""";
        context.Response.ContentType = "text/html; charset=utf-8";
        await context.Response.WriteAsync($"""
            <!doctype html>
            <html lang="en">
            <head>
              <meta charset="utf-8">
              <script src="/first.js"></script>
              <title>{WebUtility.HtmlEncode(context.Request.Path)}</title>
            </head>
            <body>
              {Tag(context)}
              <h1 id="path">{context.Request.Method} {WebUtility.HtmlEncode(context.Request.Path)}</h1>
              <p id="session">{session}</p>
              <p><a id="a" href="/a?from={session}">a</a> <a id="b" href="/b?from={session}">b</a> <a id="c" href="/c?from={session}">c</a>
                <a id="blank" href="/blank" target="_blank">blank</a> <a id="opener" href="/opened" target="_blank" rel="opener">opener</a>
                <a id="file" href="/file">file</a> <a id="nothing" href="/204">204</a> <a id="redirect" href="/redirect">redirect</a>
                <a id="plain" href="/plain">plain</a> <a id="download" href="/plain?download" download>download</a> <a id="public" href="/public">public</a></p>
              <form id="post" method="post" action="/post">{fields}<button>Post</button></form>
              <form id="answer" method="post" action="/answer">{fields}<button>Answer</button></form>
              <form id="get" action="/found">{fields}<button>Find</button></form>
            </body>
            </html>
            """);
    }
}
