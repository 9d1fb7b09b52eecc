using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Realtime;

/// <summary>Hubs of SignalR in sessions; its JSON protocol spoken by hand over a WebSocket. The transports are played in the browser.</summary>
public sealed class HubTests
{
    private const string Unissued = "AAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public async Task A_hub_gets_its_sessions_services_by_its_constructor_and_its_session_by_its_context()
    {
        await using var app = await StartAsync();
        var (first, second) = (await app.StartSessionAsync(), await app.StartSessionAsync());
        using var one = await HubSocket.ConnectAsync(app, "/hub", first);
        using var other = await HubSocket.ConnectAsync(app, "/hub", second);
        using var reconnected = await HubSocket.ConnectAsync(app, "/hub", first);

        Assert.Equal("1", await one.InvokeAsync("Count"));
        Assert.Equal("2", await one.InvokeAsync("Count"));
        Assert.Equal("1", await other.InvokeAsync("Count"));
        Assert.Equal("3", await reconnected.InvokeAsync("Count"));
        Assert.Equal($"\"{await NameAsync(app, first)}\"", await one.InvokeAsync("Who"));
        await app.ExitAsync(second);
        Assert.Equal(4408, await other.EndAsync("Exited"));
        await SessionApp.EventuallyAsync(() => Counter.Disposed == 1);
        Assert.Equal("4", await one.InvokeAsync("Count"));
    }

    [Fact]
    public async Task Calls_are_activity_unless_marked_and_pings_are_alive_at_most()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var hub = await HubSocket.ConnectAsync(app, "/hub", id);
        app.Time.Advance(TimeSpan.FromMinutes(5));
        await hub.InvokeAsync("Poll");
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.Zero), await app.ClocksAsync(id));
        app.Time.Advance(TimeSpan.FromMinutes(5));
        await hub.PingAsync();
        await SessionApp.EventuallyAsync(() => app.ClocksAsync(id).Result == (TimeSpan.FromMinutes(10), TimeSpan.Zero));
        app.Time.Advance(TimeSpan.FromMinutes(5));
        await hub.InvokeAsync("Who");
        Assert.Equal((TimeSpan.Zero, TimeSpan.Zero), await app.ClocksAsync(id));
    }

    [Fact]
    public async Task An_open_hub_and_what_it_sends_keep_no_session()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var hub = await HubSocket.ConnectAsync(app, "/hub", id);
        var context = app.App.Services.GetRequiredService<IHubContext<CountingHub>>();
        app.Time.Advance(TimeSpan.FromMinutes(20));
        await context.Clients.TabSession(await NameAsync(app, id)).SendAsync("told", "news");
        Assert.Contains("news", await hub.NextAsync(), StringComparison.Ordinal);
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));
        app.Time.Advance(TimeSpan.FromMinutes(20));
        await app.SweepAsync();

        Assert.Equal(4408, await hub.EndAsync("SignalLost"));
    }

    [Fact]
    public async Task Only_the_sessions_own_connections_are_in_its_group()
    {
        await using var app = await StartAsync();
        var (first, second) = (await app.StartSessionAsync(), await app.StartSessionAsync());
        using var one = await HubSocket.ConnectAsync(app, "/hub", first);
        using var two = await HubSocket.ConnectAsync(app, "/hub", first);
        using var other = await HubSocket.ConnectAsync(app, "/hub", second);
        var context = app.App.Services.GetRequiredService<IHubContext<CountingHub>>();
        await context.Clients.TabSession(await NameAsync(app, first)).SendAsync("told", "first");
        await context.Clients.TabSession(await NameAsync(app, second)).SendAsync("told", "second");

        Assert.Contains("first", await one.NextAsync(), StringComparison.Ordinal);
        Assert.Contains("first", await two.NextAsync(), StringComparison.Ordinal);
        Assert.Contains("second", await other.NextAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_comes_too_late_is_not_served()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var hub = await HubSocket.ConnectAsync(app, "/hub", id);
        Assert.Equal("1", await hub.InvokeAsync("Count"));
        app.Time.Advance(TimeSpan.FromHours(2));
        await hub.SendAsync("Count");

        Assert.Equal(4408, await hub.EndAsync("SignalLost"));
    }

    [Fact]
    public async Task A_hub_that_needs_a_session_is_refused_without_one_and_one_that_does_not_runs()
    {
        await using var app = await StartAsync();
        using var refused = await Socket.ConnectAsync(app, "/required", Unissued);
        Assert.Equal((4404, "sessionUnknown"), await refused.ClosedAsync());
        Assert.Equal(HttpStatusCode.PreconditionRequired, (await app.SendAsync(HttpMethod.Post, "/required/negotiate?negotiateVersion=1", id: null)).Status);
        using var hub = await HubSocket.ConnectAsync(app, "/hub", id: null);
        Assert.Equal("null", await hub.InvokeAsync("Who"));
        var told = await hub.InvokeAsync("Count");
        Assert.Contains("is session-scoped, and this hub connection has no session", told, StringComparison.Ordinal);
        Assert.Contains("signalR() of session-lifetime-signalr.js", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Negotiation_is_no_activity()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(5));
        var answer = (await app.SendAsync(HttpMethod.Post, "/hub/negotiate?negotiateVersion=1", id)).Is(HttpStatusCode.OK);

        Assert.Equal("alive", answer.Header("X-Session-Signal"));
        Assert.Contains("WebSockets", answer.Text, StringComparison.Ordinal);
        Assert.Equal((TimeSpan.FromMinutes(5), TimeSpan.Zero), await app.ClocksAsync(id));
    }

    [Fact]
    public async Task A_long_poll_that_comes_after_the_end_is_told_the_reason_and_only_on_a_connection_that_was_open()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var (open, never) = (await NegotiateAsync(), await NegotiateAsync());
        (await app.GetAsync(open, id)).Is(HttpStatusCode.OK);
        (await app.SendAsync(HttpMethod.Post, open, id, "{\"protocol\":\"json\",\"version\":1}\u001e", "text/plain")).Is(HttpStatusCode.OK);
        Assert.Equal("{}\u001e", (await app.GetAsync(open, id)).Is(HttpStatusCode.OK).Text);
        await app.ExitAsync(id);

        Assert.Equal(
            "{\"type\":7,\"error\":\"The session has ended: Exited.\"}\u001e",
            (await app.GetAsync(open, id)).Is(HttpStatusCode.OK).Text);
        (await app.GetAsync(never, id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        (await app.GetAsync(open, Unissued)).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        (await app.SendAsync(HttpMethod.Delete, open, id)).Is(HttpStatusCode.Accepted);
        await SessionApp.EventuallyAsync(() => app.GetAsync(open, id).Result.Status == HttpStatusCode.Gone);

        async Task<string> NegotiateAsync() => "/required?id=" +
            (await app.SendAsync(HttpMethod.Post, "/required/negotiate?negotiateVersion=1", id)).Is(HttpStatusCode.OK).String("connectionToken");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_end_before_the_handshake_closes_the_socket_with_the_reason(bool isAnswered)
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var socket = await Socket.ConnectAsync(app, "/hub", id);
        await app.ExitAsync(id);
        if (isAnswered)
        {
            await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(2)) > 0);
            await socket.SendAsync("{\"protocol\":\"json\",\"version\":1}\u001e");
        }

        Assert.Equal((4408, "Exited"), await socket.ClosedAsync());
    }

    [Fact]
    public async Task Where_the_handshake_comes_after_the_end_it_is_answered_before_the_good_bye()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var open = "/hub?id=" + (await app.SendAsync(HttpMethod.Post, "/hub/negotiate?negotiateVersion=1", id)).Is(HttpStatusCode.OK).String("connectionToken");
        (await app.GetAsync(open, id)).Is(HttpStatusCode.OK);
        await app.ExitAsync(id);
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(2)) > 0);
        (await app.SendAsync(HttpMethod.Post, open, id, "{\"protocol\":\"json\",\"version\":1}\u001e", "text/plain")).Is(HttpStatusCode.OK);

        var told = (await app.GetAsync(open, id)).Is(HttpStatusCode.OK).Text;
        told += told.Contains("type", StringComparison.Ordinal) ? "" : (await app.GetAsync(open, id)).Is(HttpStatusCode.OK).Text;

        Assert.Equal("{}\u001e{\"type\":7,\"error\":\"The session has ended: Exited.\"}\u001e", told);
    }

    [Theory]
    [InlineData("/hub")]
    [InlineData("/required")]
    public async Task A_connections_token_is_worth_nothing_without_its_session(string hub)
    {
        await using var app = await StartAsync();
        var (owner, other, over) = (await app.StartSessionAsync(), await app.StartSessionAsync(), await app.StartSessionAsync());
        var open = await OpenAsync(app, hub, owner);
        await app.ExitAsync(over);

        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post, HttpMethod.Delete })
        {
            (await CallAsync(method, other)).IsProblem(HttpStatusCode.Forbidden, "wrongConnection");
            var (nobody, ended) = (await CallAsync(method, id: null), await CallAsync(method, over));
            if (hub == "/hub")
            {
                nobody.IsProblem(HttpStatusCode.Forbidden, "wrongConnection");
                ended.IsProblem(HttpStatusCode.Forbidden, "wrongConnection");
            }
            else
            {
                nobody.IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
                ended.IsProblem(HttpStatusCode.Gone, "sessionEnded");
            }
        }

        Assert.Null((await CallAsync(HttpMethod.Post, other)).Header("X-Session-State"));
        (await CallAsync(HttpMethod.Post, owner)).Is(HttpStatusCode.OK);
        Assert.Contains($"\"result\":\"{await NameAsync(app, owner)}\"", (await app.GetAsync(open, owner)).Is(HttpStatusCode.OK).Text, StringComparison.Ordinal);

        // Ended ids stay worthless when that connection's own session is over too.
        await app.ExitAsync(owner);
        Assert.NotEqual(HttpStatusCode.OK, (await CallAsync(HttpMethod.Get, over)).Status);
        Assert.Contains("The session has ended", (await app.GetAsync(open, owner)).Is(HttpStatusCode.OK).Text, StringComparison.Ordinal);

        Task<Answer> CallAsync(HttpMethod method, string? id) => app.SendAsync(
            method,
            open,
            id,
            method == HttpMethod.Post ? "{\"type\":1,\"invocationId\":\"1\",\"target\":\"Who\",\"arguments\":[]}\u001e" : null,
            "text/plain");
    }

    [Fact]
    public async Task The_apps_own_user_ids_are_asked_whenever_they_were_added()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        using var hub = await HubSocket.ConnectAsync(app, "/hub", id);

        Assert.Equal("\"somebody\"", await hub.InvokeAsync("User"));
    }

    /// <summary>A connection by long polls whose handshake is done; gives its address.</summary>
    private static async Task<string> OpenAsync(SessionApp app, string hub, string id)
    {
        var open = $"{hub}?id=" + (await app.SendAsync(HttpMethod.Post, hub + "/negotiate?negotiateVersion=1", id)).Is(HttpStatusCode.OK).String("connectionToken");
        (await app.GetAsync(open, id)).Is(HttpStatusCode.OK);
        (await app.SendAsync(HttpMethod.Post, open, id, "{\"protocol\":\"json\",\"version\":1}\u001e", "text/plain")).Is(HttpStatusCode.OK);
        Assert.Equal("{}\u001e", (await app.GetAsync(open, id)).Is(HttpStatusCode.OK).Text);
        return open;
    }

    private static async Task<string> NameAsync(SessionApp app, string id) => (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("session")!;

    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("https://other.example", false)]
    [InlineData(null, true)]
    public async Task A_hub_refuses_a_socket_of_an_origin_that_is_not_allowed(string? origin, bool isAllowed)
    {
        await using var app = await StartAsync(static services => services.Configure<WebSocketOptions>(static options => options.AllowedOrigins.Add("https://app.example")));
        var id = await app.StartSessionAsync();
        TestCapture.Secret(id);
        using var client = new ClientWebSocket();
        client.Options.CollectHttpResponseDetails = true;
        client.Options.AddSubProtocol("session-lifetime");
        client.Options.AddSubProtocol("session-lifetime." + id);
        client.Options.SetRequestHeader("Origin", origin);
        var address = new Uri(app.Address.ToString().Replace("http:", "ws:", StringComparison.Ordinal).TrimEnd('/') + "/hub");

        if (isAllowed)
        {
            await client.ConnectAsync(address, CancellationToken.None);
            Assert.Equal("session-lifetime", client.SubProtocol);
        }
        else
        {
            await Assert.ThrowsAsync<WebSocketException>(() => client.ConnectAsync(address, CancellationToken.None));
            Assert.Equal(HttpStatusCode.Forbidden, client.HttpStatusCode);
        }
    }

    private static Task<SessionApp> StartAsync(Action<IServiceCollection>? services = null) => SessionApp.StartAsync(setup =>
    {
        Counter.Disposed = 0;
        setup.Kestrel = true;
        setup.ExpectsErrors = true;
        setup.Services = builder =>
        {
            builder.Services.AddSignalR(options => options.EnableDetailedErrors = true).AddSessionLifetime().AddSessionLifetime();
            builder.Services.AddSessionLifetime().AddSessionScoped<Counter>();
            builder.Services.AddSingleton<IUserIdProvider, Somebody>();
            services?.Invoke(builder.Services);

            // Nobody but the test sweeps.
            builder.Services.Remove(builder.Services.Single(service => service.ImplementationType == typeof(SessionSweepService)));
        };
        setup.Map = web =>
        {
            web.MapHub<CountingHub>("/hub");
            web.MapHub<CountingHub>("/required").RequireTabSession();
        };
    });

    public sealed class Somebody : IUserIdProvider
    {
        public string GetUserId(HubConnectionContext connection) => "somebody";
    }

    public sealed class Counter : IDisposable
    {
        private int _count;

        public static int Disposed { get; set; }

        public int Next() => Interlocked.Increment(ref _count);

        public void Dispose() => Disposed++;
    }

    public sealed class CountingHub(ITabSessionAccessor accessor, SessionScoped<Counter> counter) : Hub
    {
        private readonly Counter? _counter = counter.ValueIfAny;

        public int Count() => (_counter ?? counter.Value).Next();

        public string? Who() => Context.GetTabSession()?.Id == accessor.Session?.Id ? accessor.Session?.Id : "they differ";

        public string? User() => Context.UserIdentifier;

        [SessionSignal(SessionSignal.Alive)]
        public string Poll() => Context.ConnectionId;
    }
}
