using System.Net.WebSockets;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SessionLifetime.Browser.Tests;

/// <summary>A server with a WebSocket, an event stream and a hub that all need a session, and a page that opens what it is told.</summary>
internal sealed partial class RealtimeServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private RealtimeServer(Action<SessionLifetimeOptions>? configure)
    {
        var builder = WebApplication.CreateSlimBuilder();

        // The samples' appsettings.json lie beside the tests and say what is logged; here everything is.
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(Witness);
        builder.WebHost.ConfigureKestrel(static kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0));
        builder.Services.AddSessionLifetime(options =>
        {
            options.SweepInterval = TimeSpan.FromMilliseconds(100);
            configure?.Invoke(options);
        }).AddSessionScoped<Notes>();
        builder.Services.AddSignalR(options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(500)).AddSessionLifetime();

        _app = builder.Build();
        _app.UsePageErrors(static () => "");
        _app.Use(KeepSecretsAsync);
        _app.UseWebSockets();
        _app.UseRouting();
        _app.UseSessionLifetime();
        _app.MapSessionLifetime();
        _app.MapHub<TestHub>("/hub").RequireTabSession();
        _app.MapHub<TestHub>("/chat").RequireTabSession();
        _app.MapGet("/documented.js", () => Results.Text(Documented, "text/javascript"));
        _app.MapGet("/documented", () => Results.Text(Page.Replace("/page.js", "/documented.js", StringComparison.Ordinal), "text/html"));
        _app.Map("/socket", EchoAsync).RequireTabSession();
        _app.MapGet("/events", EventsAsync).RequireTabSession();
        _app.MapGet("/signalr.js", () => Results.File(Path.Combine(RepositoryFiles.Root, "samples", "ChatHub", "wwwroot", "lib", "signalr", "signalr.min.js"), "text/javascript"));
        _app.MapGet("/page.js", () => Results.Text(Script, "text/javascript"));
        _app.MapGet("/", (HttpContext context) =>
        {
            context.Response.Headers.ContentSecurityPolicy = TestServer.StrictPolicy;
            return Results.Text(Page, "text/html");
        });
    }

    public Witness Witness { get; } = new();

    public string Url => _app.Urls.First();

    public ISessionLifetime Sessions => _app.Services.GetRequiredService<ISessionLifetime>();

    /// <summary>The script of the page <c>/documented</c>.</summary>
    public string Documented { get; set; } = "";

    /// <summary>How many connection attempts came.</summary>
    public int Attempts;

    public static async Task<RealtimeServer> StartAsync(Action<SessionLifetimeOptions>? configure = null)
    {
        var server = new RealtimeServer(configure);
        await server._app.StartAsync();
        return server;
    }

    public async Task EndAsync(string session, SessionEndReason reason = SessionEndReason.Revoked) => Assert.True(await Sessions.EndAsync(session, reason));

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Witness.Dispose();
    }

    private const string Page = """
        <!doctype html>
        <html lang="en">
        <head>
          <meta charset="utf-8">
          <title>Realtime</title>
          <script src="/first.js"></script>
          <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
          <script src="/signalr.js"></script>
          <script type="module" src="/page.js"></script>
        </head>
        <body><main><h1>Realtime</h1></main></body>
        </html>
        """;

    private const string Script = """
        import { start } from '/_session/session-lifetime.js';
        import { SessionWebSocket, SessionEventSource, signalR as options } from '/_session/session-lifetime-signalr.js';

        const session = start();
        const { HubConnectionBuilder, HttpTransportType, HubConnectionState, LogLevel } = window.signalR;
        const opened = make => new Promise((resolve, reject) => { make.onopen = () => resolve(make); make.onerror = () => reject(new Error('refused')); });

        const ask = socket => text => new Promise(resolve => {
          socket.addEventListener('message', event => resolve(event.data), { once: true });
          socket.send(text);
        });

        async function socket(make) {
          const made = make();
          window.over = new Promise(resolve => made.addEventListener('close', ({ code, reason }) => resolve(`${code} ${reason}`)));
          await Promise.race([opened(made), window.over]);
          return { ask: ask(made), isOpen: () => made.readyState === 1 };
        }

        const kinds = {
          socket: () => socket(() => new SessionWebSocket('/socket')),
          plain: () => socket(() => new WebSocket('/socket', session.protocols())),
          ticket: async () => {
            const ticket = await session.ticket();
            return socket(() => new WebSocket(`/socket?session-ticket=${ticket}`));
          },
          async hub(transport) {
            const hub = new HubConnectionBuilder()
              .withUrl('/hub', options({ transport: HttpTransportType[transport] }))
              .withAutomaticReconnect([0, 300, 300, 300, 300, 300, 300, 300, 300, 300])
              .configureLogging(LogLevel.None).build();
            hub.keepAliveIntervalInMilliseconds = 300;
            window.over = new Promise(resolve => hub.onclose(error => resolve(error?.message ?? 'no reason')));
            await hub.start();
            return { ask: text => hub.invoke('Ask', text), isOpen: () => hub.state === HubConnectionState.Connected };
          },
        };

        window.open_ = async kind => {
          await session.ready;
          window.connection = await (kinds[kind]?.() ?? kinds.hub(kind));
        };
        window.listen = () => new Promise((resolve, reject) => {
          window.heard = [];
          const source = window.source = new SessionEventSource('/events');
          source.onopen = resolve;
          source.onmessage = ({ data }) => heard.push(data);
          source.addEventListener('named', ({ data }) => heard.push(`named ${data}`));
          source.onerror = () => heard.push('error');
        });
        """;

    private static async Task EventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync($"data: {context.GetTabSession()!.Id}{context.Request.QueryString}\n\nevent: named\ndata: x\n\n");
        await context.Response.Body.FlushAsync();
        await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
    }

    private static async Task EchoAsync(HttpContext context, Notes notes)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        var buffer = new byte[1024];
        while (true)
        {
            ValueWebSocketReceiveResult received;
            try
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            }
            catch (WebSocketException)
            {
                return;
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseAsync(socket.CloseStatus ?? WebSocketCloseStatus.NormalClosure, socket.CloseStatusDescription, CancellationToken.None);
                return;
            }

            var answer = Answer(context.GetTabSession()!, notes, Encoding.UTF8.GetString(buffer, 0, received.Count));
            await socket.SendAsync(Encoding.UTF8.GetBytes(answer), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }
    }

    private static string Answer(TabSession session, Notes notes, string text)
    {
        if (text == "who")
        {
            return session.Id;
        }

        notes.Last = text == "notes" ? notes.Last : text;
        return notes.Last;
    }

    private Task KeepSecretsAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path == "/socket" || context.Request.Path == "/hub/negotiate")
        {
            Interlocked.Increment(ref Attempts);
        }

        foreach (var text in new[] { context.Request.Headers["X-Session-Id"].ToString(), context.Request.Headers.SecWebSocketProtocol.ToString(), context.Request.Headers.Cookie.ToString() })
        {
            foreach (Match match in Secret().Matches(text))
            {
                Witness.Secrets[match.Value] = true;
            }
        }

        return next(context);
    }

    [GeneratedRegex(@"(?<![\w-])[\w-]{22}(?![\w-])", RegexOptions.ExplicitCapture)]
    private static partial Regex Secret();

    public sealed class Notes
    {
        public string Last { get; set; } = "";
    }

    public sealed class TestHub(Notes notes) : Hub
    {
        public string Ask(string text) => Answer(Context.GetTabSession()!, notes, text);
    }
}
