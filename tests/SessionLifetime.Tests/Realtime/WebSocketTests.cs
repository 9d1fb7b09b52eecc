using SessionLifetime.Ids;
using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Engine;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Realtime;

/// <summary>WebSockets of sessions, on a real server.</summary>
public sealed class WebSocketTests
{
    private const string Unissued = "AAAAAAAAAAAAAAAAAAAAAA";

    private readonly ConcurrentQueue<string> _heard = new();

    [Fact]
    public async Task The_id_in_a_subprotocol_leads_to_the_session_and_the_app_sees_nothing_of_it()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var bare = await Socket.ConnectAsync(app, "/echo", id);
        using var chat = await Socket.ConnectAsync(app, "/echo?a=1", id, own: "chat");

        Assert.Equal("session-lifetime", bare.SubProtocol);
        Assert.Equal($"{await NameAsync(app, id)}||", await bare.AskAsync("who"));
        Assert.Equal("chat", chat.SubProtocol);
        Assert.Equal($"{await NameAsync(app, id)}|chat|?a=1", await chat.AskAsync("who"));
    }

    [Fact]
    public async Task A_ticket_leads_to_the_session_once_and_the_app_sees_nothing_of_it()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var ticket = await TicketAsync(app, id);
        using (var socket = await Socket.ConnectAsync(app, $"/echo?a=1&session-ticket={ticket}&b=2", own: "chat"))
        {
            Assert.Equal($"{await NameAsync(app, id)}|chat|?a=1&b=2", await socket.AskAsync("who"));
        }

        using var again = await Socket.ConnectAsync(app, $"/required?session-ticket={ticket}");
        Assert.Equal((4404, "sessionUnknown"), await again.ClosedAsync());
    }

    [Fact]
    public async Task Where_the_header_says_the_id_the_app_sees_nothing_of_what_else_does()
    {
        await using var app = await StartAsync();
        var (id, other) = (await app.StartSessionAsync(), await app.StartSessionAsync());
        using var client = new ClientWebSocket();
        client.Options.SetRequestHeader(SessionApp.IdHeader, id);
        client.Options.AddSubProtocol("session-lifetime." + other);
        client.Options.AddSubProtocol("session-lifetime");
        var ticket = await TicketAsync(app, other);
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{app.Address.Port}/echo?a=1&session-ticket={ticket}"), default);
        await client.SendAsync("who"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
        var buffer = new byte[100];
        var received = await client.ReceiveAsync(buffer, default);

        Assert.Equal("session-lifetime", client.SubProtocol);
        Assert.Equal($"{await NameAsync(app, id)}||?a=1", Encoding.UTF8.GetString(buffer, 0, received.Count));
    }

    [Fact]
    public async Task A_ticket_is_for_the_browser_it_was_made_for()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var cookie = $"{Visitor.CookieName}={visitor.Key}";
        var ticket = (await app.PostAsync("/ticket", visitor.Id, body: null, request => request.Headers.Add("Cookie", cookie))).Is(HttpStatusCode.OK).String("ticket");

        using var other = await Socket.ConnectAsync(app, $"/required?session-ticket={ticket}", cookie: $"{Visitor.CookieName}={BrowserKey.Create().Reveal()}");
        Assert.Equal((4404, "sessionUnknown"), await other.ClosedAsync());
        using var own = await Socket.ConnectAsync(app, $"/required?session-ticket={ticket}", cookie: cookie);
        Assert.StartsWith((await visitor.SessionAsync())!.Id, await own.AskAsync("who"), StringComparison.Ordinal);
        using var stolen = await Socket.ConnectAsync(app, "/required", visitor.Id);
        Assert.Equal((4403, "wrongBrowser"), await stolen.ClosedAsync());
    }

    [Fact]
    public async Task A_ticket_touches_nothing_and_works_for_half_a_minute()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));
        var (first, second) = (await TicketAsync(app, id), await TicketAsync(app, id));
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)), await app.ClocksAsync(id));

        app.Time.Advance(TimeSpan.FromSeconds(29));
        using var socket = await Socket.ConnectAsync(app, $"/required?session-ticket={first}");
        Assert.StartsWith(await NameAsync(app, id), await socket.AskAsync("who"), StringComparison.Ordinal);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        using var late = await Socket.ConnectAsync(app, $"/required?session-ticket={second}");
        Assert.Equal((4404, "sessionUnknown"), await late.ClosedAsync());
    }

    [Fact]
    public async Task A_ticket_needs_a_living_session()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        (await app.PostAsync("/ticket", id: null, body: null)).IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
        (await app.PostAsync("/ticket", Unissued, body: null)).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        await app.ExitAsync(id);
        (await app.PostAsync("/ticket", id, body: null)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
    }

    [Theory]
    [InlineData("/echo", 0, 0)]
    [InlineData("/alive", 10, 0)]
    [InlineData("/none", 10, 10)]
    public async Task What_is_received_counts_as_its_endpoint_says(string path, int idle, int silent)
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, path, id);
        app.Time.Advance(TimeSpan.FromMinutes(10));
        await socket.AskAsync("hello");

        Assert.Equal((TimeSpan.FromMinutes(idle), TimeSpan.FromMinutes(silent)), await app.ClocksAsync(id));
    }

    [Theory]
    [InlineData("/echo", 0)]
    [InlineData("/alive", 0)]
    [InlineData("/none", 10)]
    public async Task Opening_a_socket_is_no_activity(string path, int silent)
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));
        using var socket = await Socket.ConnectAsync(app, path, id);

        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(silent)), await app.ClocksAsync(id));
    }

    [Fact]
    public async Task An_open_socket_and_what_is_sent_to_it_are_nothing()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", id);
        await socket.AskAsync("push");
        app.Time.Advance(TimeSpan.FromMinutes(10));
        foreach (var push in _pushes)
        {
            await push("pushed");
        }

        Assert.Equal("pushed", await socket.ReceiveAsync());
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10)), await app.ClocksAsync(id));
        app.Time.Advance(TimeSpan.FromMinutes(10));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        await app.SweepAsync();

        Assert.Equal((4408, "SignalLost"), await socket.ClosedAsync());
    }

    [Fact]
    public async Task The_end_of_the_session_closes_the_socket_and_the_app_receives_the_close()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", id);
        await socket.AskAsync("hello");
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);

        Assert.Equal((4408, "Exited"), await socket.ClosedAsync());
        await SessionApp.EventuallyAsync(() => _heard.Contains("left"), () => string.Join(", ", _heard));
        Assert.Equal(["exit", "token", "close 4408 Exited", "left", "disposed"], await HeardAsync(5));
    }

    [Fact]
    public async Task The_app_is_told_the_close_also_where_the_client_never_answers()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", id);
        await socket.AskAsync("hello");
        await app.ExitAsync(id);
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(2)) > 0);
        Assert.DoesNotContain("left", _heard);
        app.Time.Advance(TimeSpan.FromSeconds(2));

        Assert.Equal(["exit", "token", "close 4408 Exited", "left", "disposed"], await HeardAsync(5));
    }

    [Fact]
    public async Task A_handler_that_only_sends_hears_of_the_end_as_of_a_client_that_is_gone()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/push-only", id);
        Assert.Equal("hello", await socket.ReceiveAsync());
        await app.ExitAsync(id);

        Assert.Equal((4408, "Exited"), await socket.ClosedAsync());

        // Cut off, unless the client's own end was heard of before.
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(2)) > 0 || _heard.Contains("aborted"));
        app.Time.Advance(TimeSpan.FromSeconds(2));
        await SessionApp.EventuallyAsync(() => _heard.Contains("aborted"), () => string.Join(", ", _heard));
    }

    [Fact]
    public async Task A_message_that_comes_too_late_is_not_served()
    {
        await using var app = await StartAsync(options => options.SweepInterval = TimeSpan.FromHours(1));
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", id);
        await socket.AskAsync("hello");
        app.Time.Advance(TimeSpan.FromHours(2));
        await socket.SendAsync("secret work");

        Assert.Equal((4408, "SignalLost"), await socket.ClosedAsync());
        Assert.DoesNotContain("received secret work", _heard);
    }

    [Fact]
    public async Task A_message_that_comes_while_the_exit_handlers_run_is_not_served()
    {
        var gate = new Gate();
        await using var app = await StartAsync(sessions: sessions => sessions.OnApplicationExit(async (_, stop) => await gate.PassAsync(stop)));
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", id);
        await socket.AskAsync("hello");
        var exiting = app.ExitAsync(id);
        await gate.Entered;
        await socket.SendAsync("secret work");
        gate.Open();
        await exiting;

        Assert.Equal((4408, "Exited"), await socket.ClosedAsync());
        Assert.DoesNotContain("received secret work", _heard);
    }

    [Theory]
    [InlineData(Unissued, 4404, "sessionUnknown")]
    [InlineData("not-an-id", 4404, "sessionUnknown")]
    [InlineData(null, 4428, "sessionRequired")]
    public async Task A_socket_without_a_living_session_is_told_why(string? id, int code, string description)
    {
        await using var app = await StartAsync();
        using var socket = id is null
            ? await Socket.ConnectAsync(app, "/required", own: "session-lifetime")
            : await Socket.ConnectAsync(app, "/required", id);

        Assert.Equal((code, description), await socket.ClosedAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_refused_socket_is_kept_until_its_client_has_read_why_or_has_not_answered_for_two_seconds(bool answers)
    {
        await using var app = await StartAsync();
        var before = app.Time.CountDueWithin(TimeSpan.FromSeconds(2));
        using var socket = await Socket.ConnectAsync(app, "/required", Unissued);
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(2)) == before + 1);

        if (answers)
        {
            Assert.Equal((4404, "sessionUnknown"), await socket.ClosedAsync());
        }
        else
        {
            app.Time.Advance(TimeSpan.FromSeconds(2));
        }

        // The server has let it go: its limit is gone.
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(2)) == before);
    }

    [Fact]
    public async Task A_socket_of_an_ended_session_is_told_the_reason_and_a_stranger_gets_a_status()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await app.Sessions.EndAsync(await NameAsync(app, id));
        using var socket = await Socket.ConnectAsync(app, "/required", id);

        Assert.Equal((4408, "Revoked"), await socket.ClosedAsync());
        var refused = await Assert.ThrowsAsync<WebSocketException>(() => Socket.ConnectAsync(app, "/required", own: "chat"));
        Assert.Contains("428", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_session_an_unmarked_endpoint_runs_and_the_subprotocol_is_answered_all_the_same()
    {
        await using var app = await StartAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", Unissued);

        Assert.Equal("session-lifetime", socket.SubProtocol);
        Assert.Equal("nobody||", (await socket.AskAsync("who"))!.Replace("session-lifetime", "", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_ids_are_none_that_is_known()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/required", id, own: $"session-lifetime.{Unissued}");

        Assert.Equal((4404, "sessionUnknown"), await socket.ClosedAsync());
    }

    [Fact]
    public async Task A_session_that_ends_while_its_socket_is_accepted_closes_it_at_once()
    {
        var gate = new Gate();
        await using var app = await StartAsync(before: web => web.Map("/slow", async (HttpContext context) =>
        {
            await gate.PassAsync();
            await EchoAsync(context);
        }));
        var id = await app.StartSessionAsync();
        var connecting = Socket.ConnectAsync(app, "/slow", id);
        await gate.Entered;
        await app.ExitAsync(id);
        gate.Open();
        using var socket = await connecting;

        Assert.Equal((4408, "Exited"), await socket.ClosedAsync());
    }

    [Fact]
    public async Task A_server_that_stops_closes_its_sockets_with_the_reason()
    {
        var app = await StartAsync();
        Socket socket;
        await using (app)
        {
            var id = await app.StartSessionAsync();
            socket = await Socket.ConnectAsync(app, "/echo", id);
            await socket.AskAsync("hello");
            var stopping = app.App.StopAsync();
            Assert.Equal((4408, "HostStopping"), await socket.ClosedAsync());
            await stopping;
        }

        socket.Dispose();
    }

    /// <summary>How long 5,000 take the benchmark measures.</summary>
    [Fact]
    public async Task Hundreds_of_sessions_that_end_at_once_close_all_their_sockets_with_the_reason()
    {
        await using var app = await StartAsync();
        var sockets = new List<Socket>();
        for (var i = 0; i < 300; i++)
        {
            sockets.Add(await Socket.ConnectAsync(app, "/echo", await app.StartSessionAsync("page-" + i)));
        }

        var engine = app.App.Services.GetRequiredService<SessionEngine>();
        await foreach (var _ in new AllSessions(engine).EndAsync(filter: default, SessionEndReason.Revoked, except: null))
        {
            // Each is told to end.
        }

        Assert.All(await Task.WhenAll(sockets.Select(socket => socket.ClosedAsync())), told => Assert.Equal((4408, "Revoked"), told));
        await SessionApp.EventuallyAsync(() => app.App.Services.GetRequiredService<ConnectionCloser>().Open.Count == 0);
        sockets.ForEach(static socket => socket.Dispose());
    }

    [Fact]
    public async Task A_client_or_an_app_that_closes_leaves_nothing_behind()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using (var socket = await Socket.ConnectAsync(app, "/echo", id))
        {
            await socket.SendAsync("bye");
            Assert.Equal((1000, "bye"), await socket.ClosedAsync());
        }

        var session = (await app.Sessions.FindAsync(await NameAsync(app, id)))!;
        using (await Socket.ConnectAsync(app, "/echo", id))
        {
            // Cut without a word.
        }

        await SessionApp.EventuallyAsync(() => !session.Entry.HasRequests);
        Assert.Empty(session.Connections.Close());
    }

    [Fact]
    public async Task A_socket_holds_no_clock()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/echo", id);
        await socket.AskAsync("hello");
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        await socket.AskAsync("I am here");
        Assert.Equal("active", (await app.StatusAsync(id)).String("state"));
    }

    [Fact]
    public async Task WebSockets_added_too_late_are_complained_of()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Kestrel = true;
            setup.Map = web =>
            {
                web.UseWebSockets();
                web.Map("/chat", async (HttpContext context) =>
                {
                    using var socket = await context.WebSockets.AcceptWebSocketAsync("chat");
                    await socket.SendAsync("x"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
                });
            };
        });
        var id = await app.StartSessionAsync();
        using var client = new ClientWebSocket();
        client.Options.AddSubProtocol("chat");
        client.Options.SetRequestHeader("X-Session-Id", id);
        await client.ConnectAsync(new Uri($"ws://127.0.0.1:{app.Address.Port}/chat"), default);

        Assert.Single(app.Log.Lines, line => line.Text.Contains("Call app.UseWebSockets() before", StringComparison.Ordinal));
    }

    private readonly ConcurrentQueue<Func<string, Task>> _pushes = new();

    private static async Task<string> NameAsync(SessionApp app, string id) => (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("session")!;

    private static async Task<string> TicketAsync(SessionApp app, string id) =>
        (await app.PostAsync("/ticket", id, body: null)).Is(HttpStatusCode.OK).String("ticket")!;

    private async Task<string[]> HeardAsync(int count)
    {
        await SessionApp.EventuallyAsync(() => _heard.Count(one => !one.StartsWith("received", StringComparison.Ordinal)) >= count, () => string.Join(", ", _heard));
        return [.. _heard.Where(one => !one.StartsWith("received", StringComparison.Ordinal))];
    }

    private Task<SessionApp> StartAsync(
        Action<SessionLifetimeOptions>? options = null,
        Action<SessionLifetimeBuilder>? sessions = null,
        Action<WebApplication>? before = null) => SessionApp.StartAsync(setup =>
    {
        setup.Kestrel = true;
        setup.Options = options ?? (static _ => { });
        setup.Sessions = builder =>
        {
            builder.OnApplicationExit(_ => _heard.Enqueue("exit"));
            sessions?.Invoke(builder);
        };
        setup.Before = static web => web.UseWebSockets();
        setup.Map = web =>
        {
            web.Map("/echo", EchoAsync);
            web.Map("/required", EchoAsync).RequireTabSession();
            web.Map("/alive", EchoAsync).WithSessionSignal(SessionSignal.Alive);
            web.Map("/none", EchoAsync).WithSessionSignal(SessionSignal.None);
            web.Map("/push-only", PushAsync);
            before?.Invoke(web);
        };
    });

    private async Task PushAsync(HttpContext context)
    {
        using var socket = await context.WebSockets.AcceptWebSocketAsync();
        await socket.SendAsync("hello"u8.ToArray(), WebSocketMessageType.Text, endOfMessage: true, default);
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        catch (OperationCanceledException)
        {
            _heard.Enqueue("aborted");
        }
    }

    private async Task EchoAsync(HttpContext context)
    {
        Assert.DoesNotContain(context.WebSockets.WebSocketRequestedProtocols, static offered => offered.StartsWith("session-lifetime", StringComparison.Ordinal));
        var chosen = context.WebSockets.WebSocketRequestedProtocols.Contains("chat") ? "chat" : null;
        using var socket = await context.WebSockets.AcceptWebSocketAsync(chosen);
        var session = context.GetTabSession();
        session?.Items.GetOrAdd("owned", () => new Owned(_heard));
        session?.Ended.Register(() => _heard.Enqueue("token"));
        var buffer = new byte[1024];
        while (true)
        {
            WebSocketReceiveResult received;
            try
            {
                received = await socket.ReceiveAsync(buffer, CancellationToken.None);
            }
            catch (WebSocketException)
            {
                break;
            }

            if (received.MessageType == WebSocketMessageType.Close)
            {
                _heard.Enqueue($"close {(int?)received.CloseStatus} {received.CloseStatusDescription}");
                await socket.CloseAsync(received.CloseStatus ?? WebSocketCloseStatus.NormalClosure, received.CloseStatusDescription, CancellationToken.None);
                break;
            }

            var text = Encoding.UTF8.GetString(buffer, 0, received.Count);
            _heard.Enqueue("received " + text);
            switch (text)
            {
                case "who":
                    text = $"{session?.Id ?? "nobody"}|{socket.SubProtocol}|{context.Request.QueryString}";
                    break;
                case "push":
                    _pushes.Enqueue(pushed => socket.SendAsync(Encoding.UTF8.GetBytes(pushed), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None));
                    break;
                case "bye":
                    await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, "bye", CancellationToken.None);
                    return;
            }

            await socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
        }

        _heard.Enqueue("left");
    }

    private sealed class Owned(ConcurrentQueue<string> heard) : IDisposable
    {
        public void Dispose() => heard.Enqueue("disposed");
    }
}
