using System.Net.WebSockets;
using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Soak.Nodes;

/// <summary>What a node has for a browser: pages with links between them, a WebSocket, an event stream and a sign-in. Each says whose session it has.</summary>
internal static class NodePages
{
    public static void Add(SessionLifetimeBuilder sessions, string folder)
    {
        sessions.AddNavigationRelay();
        sessions.Services.AddDataProtection().PersistKeysToFileSystem(new(Path.Combine(folder, "keys"))).SetApplicationName("soak");
        sessions.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie();
    }

    public static void Map(WebApplication app)
    {
        app.MapGet("/", PageAsync).StartTabSession();
        app.MapGet("/page/{number}", PageAsync).StartTabSession();
        app.MapGet("/page.js", static () => Results.Text(Script, "text/javascript"));
        app.Map("/socket", EchoAsync).RequireTabSession();
        app.MapGet("/events", EventsAsync).RequireTabSession();
        app.MapPost("/who", static (HttpContext context) => context.GetTabSession()!.Id).RequireTabSession();
        app.MapPost("/sign-in", static async (HttpContext context, string user) =>
        {
            var identity = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user), new(ClaimTypes.Name, user)], CookieAuthenticationDefaults.AuthenticationScheme);
            await context.SignInAsync(new ClaimsPrincipal(identity));
            return context.GetTabSession()!.Id;
        }).RequireTabSession();
        app.MapPost("/user", static (HttpContext context) => $"{context.User.Identity?.Name} {context.GetTabSession()!.Id}").RequireTabSession();
    }

    private const string Script = """
        import { start } from '/_session/session-lifetime.js';
        import { SessionEventSource } from '/_session/session-lifetime-signalr.js';

        const session = start();
        for (const name of ['ended', 'restarted', 'mismatch', 'unsupported']) {
          session.addEventListener(`sessionlifetime:${name}`, ({ detail }) => window.tell?.(`${name} ${JSON.stringify(detail ?? null)}`));
        }

        const post = async path => {
          const answer = await fetch(path, { method: 'POST' });
          return answer.ok ? answer.text() : `${answer.status} ${await answer.text()}`;
        };
        window.who = () => post('/who');
        window.signIn = user => post(`/sign-in?user=${user}`);
        window.user = () => post('/user');
        window.ready = async () => { await session.ready; return who(); };

        // The ticket is made by one node, and used on another.
        window.socket = async () => {
          const ticket = await session.ticket();
          return new Promise(resolve => {
            const made = new WebSocket(`/socket?session-ticket=${ticket}`);
            made.onopen = () => made.send('who');
            made.onmessage = ({ data }) => { made.onclose = null; made.close(); resolve(data); };
            made.onclose = ({ code, reason }) => resolve(`closed ${code} ${reason}`);
          });
        };
        window.stream = () => new Promise(resolve => {
          const source = new SessionEventSource('/events');
          source.onmessage = ({ data }) => { source.close(); resolve(data); };
        });
        """;

    private static Task PageAsync(HttpContext context)
    {
        context.Response.ContentType = "text/html";
        var number = int.TryParse(context.Request.RouteValues["number"] as string, out var now) ? now + 1 : 1;
        return context.Response.WriteAsync($"""
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8"><title>Deploy</title><script type="module" src="/page.js"></script></head>
            <body><h1 id="session">{context.GetTabSession()?.Id}</h1><a id="next" href="/page/{number}">Next</a>{Tag(context)}</body></html>
            """);
    }

    private static string Tag(HttpContext context)
    {
        var helper = new SessionLifetimeTagHelper(context.RequestServices) { ViewContext = new ViewContext { HttpContext = context } };
        var output = new TagHelperOutput("session-lifetime", [], static (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        helper.Process(new TagHelperContext([], new Dictionary<object, object>(), "1"), output);
        using var writer = new StringWriter();
        output.WriteTo(writer, System.Text.Encodings.Web.HtmlEncoder.Default);
        return writer.ToString();
    }

    private static async Task EventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync($"data: {context.GetTabSession()!.Id}\n\n");
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private static async Task EchoAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[100];
        try
        {
            while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
            {
                await socket.SendAsync(Encoding.UTF8.GetBytes(context.GetTabSession()!.Id), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
            }

            await socket.CloseAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, CancellationToken.None);
        }
        catch (WebSocketException)
        {
            // The page has left.
        }
    }
}
