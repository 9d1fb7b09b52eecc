using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Directories;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Http;

/// <summary>A request in flight is not idleness, as long as it is a request.</summary>
public sealed class RequestInFlightTests
{
    private static readonly TimeSpan s_twoHours = TimeSpan.FromHours(2);

    [Fact]
    public async Task A_request_in_flight_holds_both_clocks_and_stamps_them_when_it_completes()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate, options => options.MaxRequestHold = TimeSpan.FromDays(1));
        var id = await app.StartSessionAsync();
        var request = app.GetAsync("/slow", id);
        await gate.Entered;

        for (var i = 0; i < 4; i++)
        {
            app.Time.Advance(TimeSpan.FromMinutes(30));
            await app.SweepAsync();
            var status = await app.StatusAsync(id);
            Assert.Equal("active", status.String("state"));
            Assert.Equal(20 * 60_000, status.Number("timeoutInMs"));
            Assert.Equal(40 * 60_000, status.Number("endsInMs"));
        }

        gate.Open();
        (await request).Is(HttpStatusCode.OK);
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), await app.ClocksAsync(id));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
    }

    [Fact]
    public async Task An_alive_request_in_flight_holds_the_signal_clock_only()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate, options => options.SignalTimeout = TimeSpan.FromMinutes(5));
        var id = await app.StartSessionAsync();
        var request = app.GetAsync("/slow-alive", id);
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal("active", (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("state"));

        gate.Open();
        await request;

        Assert.Equal((TimeSpan.FromMinutes(9), TimeSpan.Zero), await app.ClocksAsync(id));
    }

    [Fact]
    public async Task A_none_request_in_flight_holds_nothing()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        var request = app.GetAsync("/slow-none", id);
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMinutes(40));

        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        gate.Open();
        (await request).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_request_holds_for_MaxRequestHold_and_no_longer()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        var request = app.GetAsync("/slow", id);
        await gate.Entered;

        app.Time.Advance(TimeSpan.FromMinutes(10) + TimeSpan.FromMinutes(20));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        gate.Open();
        await request;

        Assert.Equal((TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(20)), await app.ClocksAsync(id));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("reason"));
    }

    [Fact]
    public async Task A_request_that_throws_lets_go()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Map = static web => web.MapGet("/throw", static string () => throw new InvalidOperationException("The app failed."));
        });
        var id = await app.StartSessionAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => app.GetAsync("/throw", id));
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
    }

    [Fact]
    public async Task A_request_that_is_aborted_lets_go()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        using var abort = new CancellationTokenSource();
        using var message = SessionApp.NewRequest(HttpMethod.Get, "/slow", id);
        var request = app.Client.SendAsync(message, abort.Token);
        await gate.Entered;

        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await gate.Left;

        // The middleware is left after the endpoint: only then is the hold gone.
        await SessionApp.EventuallyAsync(() => LivesAndIsNotHeld(app, id));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
    }

    [Theory]
    [InlineData("GET", "/stream", "text/event-stream", 10)]
    [InlineData("GET", "/stream", "text/event-stream, */*", 10)]
    [InlineData("GET", "/declared-stream", "text/event-stream", 0)]
    [InlineData("GET", "/stream", "*/*", 0)]
    [InlineData("POST", "/stream", "text/event-stream", 0)]
    public async Task An_event_stream_that_a_browser_opens_again_by_itself_is_no_activity(string method, string path, string accept, int idle)
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));
        using var message = SessionApp.NewRequest(new HttpMethod(method), path, id);
        message.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await app.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await gate.Entered;

        Assert.Equal((TimeSpan.FromMinutes(idle), TimeSpan.Zero), await app.ClocksAsync(id));
        Assert.Equal(idle > 0 ? "alive" : "activity", Assert.Single(response.Headers.GetValues("X-Session-Signal")));
    }

    [Fact]
    public async Task An_event_stream_holds_nothing_once_it_flows()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        using var message = SessionApp.NewRequest(HttpMethod.Get, "/stream", id);
        using var response = await app.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("reason"));
        gate.Open();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_WebSocket_holds_nothing_wherever_UseWebSockets_stands(bool webSocketsFirst)
    {
        await using var app = await StartWithSocketsAsync(setup => setup.Kestrel = false, webSocketsFirst);
        var id = await app.StartSessionAsync();
        var client = app.App.GetTestServer().CreateWebSocketClient();
        client.ConfigureRequest = request => request.Headers[SessionApp.IdHeader] = id;

        using var socket = await client.ConnectAsync(new Uri("ws://localhost/socket"), CancellationToken.None);
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    [Theory]
    [InlineData(true, false)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(false, true)]
    public async Task A_WebSocket_on_Kestrel_holds_nothing_wherever_UseWebSockets_stands(bool webSocketsFirst, bool http2)
    {
        await using var app = await StartWithSocketsAsync(setup => (setup.Kestrel, setup.Http2) = (true, http2), webSocketsFirst);
        var id = await app.StartSessionAsync();
        using var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader(SessionApp.IdHeader, id);

        socket.Options.HttpVersion = http2 ? HttpVersion.Version20 : HttpVersion.Version11;
        socket.Options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var invoker = new HttpMessageInvoker(new SocketsHttpHandler());

        await socket.ConnectAsync(new UriBuilder(app.Address) { Scheme = "ws", Path = "/socket" }.Uri, invoker, CancellationToken.None);
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }

    [Fact]
    public async Task Several_requests_hold_until_the_last_of_them_completes()
    {
        var (first, second) = (new Gate(), new Gate());
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Options = options => options.MaxRequestHold = TimeSpan.FromDays(1);
            setup.Map = web =>
            {
                web.MapGet("/first", async () => await first.PassAsync());
                web.MapGet("/second", async () => await second.PassAsync());
            };
        });
        var id = await app.StartSessionAsync();
        var requests = (First: app.GetAsync("/first", id), Second: app.GetAsync("/second", id));
        await first.Entered;
        await second.Entered;

        app.Time.Advance(s_twoHours);
        first.Open();
        await requests.First;
        app.Time.Advance(s_twoHours);
        Assert.Equal(20 * 60_000, (await app.StatusAsync(id)).Number("timeoutInMs"));
        second.Open();
        await requests.Second;
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
    }

    [Fact]
    public async Task An_attach_holds_the_clocks_while_its_handlers_run()
    {
        var gate = new Gate();
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Options = options => options.HandlerTimeout = TimeSpan.FromDays(1);
            setup.Sessions = builder => builder.OnSessionResumed(async (_, cancellationToken) => await gate.PassAsync(cancellationToken));
        });
        var id = await app.StartSessionAsync();
        var attach = app.AttachAsync(id, "page-2");
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(20 * 60_000, (await app.StatusAsync(id)).Number("timeoutInMs"));

        gate.Open();
        Assert.Equal(20 * 60_000, (await attach).Number("timeoutInMs"));
    }

    [Fact]
    public async Task A_request_in_flight_does_not_hold_back_an_exit_or_the_absolute_end()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate, options => options.AbsoluteTimeout = TimeSpan.FromMinutes(5));
        var ids = (Exits: await app.StartSessionAsync(), Lasts: await app.StartSessionAsync());
        var requests = (app.GetAsync("/slow", ids.Exits), app.GetAsync("/slow", ids.Lasts));
        await gate.Entered;

        (await app.ExitAsync(ids.Exits)).Is(HttpStatusCode.NoContent);
        app.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal("AbsoluteTimeout", (await app.StatusAsync(ids.Lasts)).String("reason"));

        gate.Open();
        (await requests.Item1).Is(HttpStatusCode.OK);
        (await requests.Item2).Is(HttpStatusCode.OK);
        (await app.StatusAsync(ids.Exits)).Is(HttpStatusCode.Gone);
    }

    private static bool LivesAndIsNotHeld(SessionApp app, string id)
    {
        var store = app.App.Services.GetRequiredService<SessionDirectory>();
        return SessionId.TryParse(id, out var secret) && store.TryGet(secret, out var entry) && entry.Read().SignalHeldUntil == Moment.Before;
    }

    private static Task<SessionApp> StartAsync(Gate gate, Action<SessionLifetimeOptions>? options = null) => SessionApp.StartAsync(setup =>
    {
        setup.Options = options ?? (static _ => { });
        setup.Map = web =>
        {
            web.MapGet("/slow", async (CancellationToken aborted) => await gate.PassAsync(aborted));
            web.MapGet("/slow-alive", async () => await gate.PassAsync()).WithSessionSignal(SessionSignal.Alive);
            web.MapGet("/slow-none", async () => await gate.PassAsync()).WithSessionSignal(SessionSignal.None);
            web.Map("/stream", context => StreamAsync(context, gate));
            web.MapGet("/declared-stream", context => StreamAsync(context, gate)).WithSessionSignal(SessionSignal.Activity);
        };
    });

    private static async Task StreamAsync(HttpContext context, Gate gate)
    {
        context.Response.ContentType = "text/event-stream";
        await context.Response.WriteAsync("data: 1\n\n");
        await context.Response.Body.FlushAsync();
        await gate.PassAsync(context.RequestAborted);
    }

    private static Task<SessionApp> StartWithSocketsAsync(Action<SessionAppSetup> server, bool webSocketsFirst) => SessionApp.StartAsync(setup =>
    {
        server(setup);
        setup.Before = web =>
        {
            if (webSocketsFirst)
            {
                web.UseWebSockets();
            }
        };
        setup.Map = web =>
        {
            if (!webSocketsFirst)
            {
                web.UseWebSockets();
            }

            web.Map("/socket", static async (HttpContext context) =>
            {
                using var socket = await context.WebSockets.AcceptWebSocketAsync();
                var buffer = new byte[16];
                await socket.ReceiveAsync(buffer, context.RequestAborted);
                await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            });
        };
    });
}
