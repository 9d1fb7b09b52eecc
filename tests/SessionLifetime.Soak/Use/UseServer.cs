using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests;

namespace SessionLifetime.Soak.Use;

/// <summary>An app of plain pages with the relay, which tells the sessions of an oracle what it was asked.</summary>
internal sealed class UseServer : IAsyncDisposable
{
    private const string First = """
        window.slept = 0;
        for (const clock of [performance, Date]) {
          const now = clock.now.bind(clock);
          clock.now = () => now() + slept;
        }
        for (const level of ['error', 'warn']) {
          const say = console[level].bind(console);
          console[level] = (...words) => { say(...words); new Image().src = `/first.js?${encodeURIComponent(`console.${level}: ${words.join(' ')}`)}`; };
        }
        addEventListener('DOMContentLoaded', () => {
          document.body.append(Object.assign(document.createElement('input'), { id: 'name' }));
          document.body.append(Object.assign(document.createElement('div'), { style: 'height: 3000px' }));
        });
        """;

    private readonly UseJournal _journal;
    private readonly UseSessions _sessions;
    private readonly ConcurrentDictionary<string, string> _ofPages = new(StringComparer.Ordinal);
    private NavigationServer _server = null!;

    private UseServer(UseJournal journal, UseSessions sessions) => (_journal, _sessions) = (journal, sessions);

    public string Url => _server.Url;

    public long Live => _server.Sessions.Count;

    public static async Task<UseServer> StartAsync(UseJournal journal, UseSessions sessions)
    {
        var server = new UseServer(journal, sessions);
        server._server = await NavigationServer.StartAsync(UseSettings.Configure, static builder => builder.AddNavigationRelay(), server.Use);
        server._server.First = First;
        return server;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    private void Use(WebApplication app)
    {
        var events = app.Services.GetRequiredService<SessionLifetimeEvents>();
        events.SessionStarted += (_, e) => _sessions.Started(e.Session.Id);
        events.SessionTimeout += (_, e) => _sessions.TimedOut(e.Session.Id);
        events.ApplicationExit += (_, e) => _sessions.Ended(e.Session.Id, e.Reason);
        app.Use(WatchAsync);
        app.MapPost("/api/touch", static (HttpContext context) => new { session = context.GetTabSession()?.Id });
        app.MapPost("/api/rotate", static async (HttpContext context) => await (context.GetTabSession()?.RotateIdAsync() ?? Task.CompletedTask));
    }

    private async Task WatchAsync(HttpContext context, RequestDelegate next)
    {
        var path = context.Request.Path.Value!;
        var call = path.StartsWith("/_session/", StringComparison.Ordinal) && HttpMethods.IsPost(context.Request.Method) ? path["/_session/".Length..] : null;
        var arrived = _journal.Now;
        if (call is null)
        {
            var isAnswered = false;
            try
            {
                await next(context);
                isAnswered = true;
            }
            finally
            {
                if (context.GetTabSession()?.Id is { } session)
                {
                    _sessions.Heard(session, new UseSignal(arrived, _journal.Now, "request", context.Request.Headers["X-Session-Page"], Idle: null, isAnswered));
                    _journal.Write($"  {context.Request.Method} {path} {session} {context.Response.StatusCode}{(isAnswered ? "" : " not answered")}");
                }
            }

            return;
        }

        context.Request.EnableBuffering();
        using var reader = new StreamReader(context.Request.Body, leaveOpen: true);
        var body = await reader.ReadToEndAsync();
        context.Request.Body.Position = 0;
        var outgoing = context.Response.Body;
        using var made = new MemoryStream();
        context.Response.Body = made;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = outgoing;
        }

        var completed = _journal.Now;
        Note(context, call, body, Encoding.UTF8.GetString(made.ToArray()), arrived, completed);
        await outgoing.WriteAsync(made.ToArray());
    }

    private void Note(HttpContext context, string call, string body, string answer, double arrived, double completed)
    {
        var asked = Parse(body);
        var status = context.Response.StatusCode;
        var page = Text(asked, "page") ?? context.Request.Headers["X-Session-Page"].ToString();
        var session = Text(Parse(answer), "session") ?? _ofPages.GetValueOrDefault(page);
        if (call == "attach" && session is not null)
        {
            _ofPages[page] = session;
        }

        _journal.Write($"  POST {call} {session} {status} {Shortened(body)} {(status < 400 ? Text(Parse(answer), "outcome") ?? Text(Parse(answer), "state") : answer)}");
        if (status is 403 or 404 or >= 500 || answer.Contains("\"unknown\"", StringComparison.Ordinal) || answer.Contains("\"refused\"", StringComparison.Ordinal))
        {
            _journal.Violation($"{call} was answered by {status}: {answer}");
        }

        if (call == "detach" && Text(asked, "id") is null)
        {
            // The page was left before it knew its session, which nobody can tell of then: it ends by its silence.
            _journal.Count("good-byes without a session");
            return;
        }

        if (session is not null && status < 300 && call is "attach" or "ping" or "activity" or "detach" or "exit")
        {
            var idle = asked.ValueKind == JsonValueKind.Object && asked.TryGetProperty("idleMs", out var ms) ? ms.GetDouble() / 1000 : (double?)null;
            _sessions.Heard(session!, new UseSignal(arrived, completed, call, page, idle, IsCertain: true));
        }
    }

    private static string Shortened(string body) => body.Length > 160 ? body[..160] : body;

    private static JsonElement Parse(string text)
    {
        try
        {
            return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static string? Text(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
