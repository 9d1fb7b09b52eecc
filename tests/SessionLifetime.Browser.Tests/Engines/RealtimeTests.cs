using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>WebSockets, event streams, and SignalR's own JavaScript client over each of its transports.</summary>
public sealed class RealtimeTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase("socket", "ticket", "WebSockets", "ServerSentEvents", "LongPolling")]
    public async Task A_connection_lives_with_its_tabs_session(EngineKind engine, string kind)
    {
        await using var server = await RealtimeServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(3);
            options.CountdownDuration = TimeSpan.FromSeconds(8);
        });
        var tab = await ConnectAsync(engine, server.Url, kind);
        var session = await AskAsync(tab, "who");
        Assert.Equal(await tab.SessionAsync(), session);

        // Two tabs apart, and each the same after a refresh.
        await AskAsync(tab, "first");
        var other = await ConnectAsync(engine, server.Url, kind);
        Assert.NotEqual(session, await AskAsync(other, "who"));
        Assert.Equal("", await AskAsync(other, "notes"));
        await other.CloseAsync();
        await tab.ReloadedAsync();
        await ConnectAsync(tab, kind);
        Assert.Equal(session, await AskAsync(tab, "who"));
        Assert.Equal("first", await AskAsync(tab, "notes"));

        // A message is the user, an open connection and its own pings are not.
        await tab.WaitForAsync("(await session.check(), session.status.timeoutInMs < 1500)");
        await AskAsync(tab, "second");
        await tab.CheckAsync();
        Assert.InRange(await tab.EvaluateAsync<double>("return session.status.timeoutInMs;"), 2000, 3000);
        await tab.ShowsPartAsync("title", "Are you still there?");
        Assert.True(await tab.EvaluateAsync<bool>("return connection.isOpen();"));
        await tab.ClickAsync(Part("stay"));
        await tab.ClosesAsync();
        Assert.Equal("second", await AskAsync(tab, "notes"));

        await server.EndAsync(session);
        var expected = kind is "socket" or "ticket" ? "4408 Revoked" : "Server returned an error on close: The session has ended: Revoked.";
        Assert.Equal(expected, await ClosedAsync(tab));
        if (kind == "ticket")
        {
            // A WebSocket of the page's own asks nobody when it closes.
            await tab.CheckAsync();
        }

        await tab.ShowsPartAsync("message", "It was ended from elsewhere.");
        server.Witness.AssertDiscreet();
    }

    [Theory]
    [EngineCase("WebSockets", "ServerSentEvents", "LongPolling")]
    public async Task A_cut_network_is_reconnected_to_the_same_session(EngineKind engine, string kind)
    {
        await using var server = await RealtimeServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Url);
        var tab = await ConnectAsync(engine, proxy.Url, kind);
        var session = await AskAsync(tab, "who");
        await AskAsync(tab, "kept");
        proxy.Cut();
        await tab.WaitForAsync("!connection.isOpen()");
        proxy.Mend();
        await tab.WaitForAsync("connection.isOpen()");

        Assert.Equal(session, await AskAsync(tab, "who"));
        Assert.Equal("kept", await AskAsync(tab, "notes"));
    }

    [Theory]
    [EngineCase("WebSockets", "ServerSentEvents", "LongPolling")]
    public async Task After_the_server_was_restarted_the_client_comes_back_to_a_new_session_and_does_not_loop(EngineKind engine, string kind)
    {
        await using var server = await RealtimeServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Url);
        var tab = await ConnectAsync(engine, proxy.Url, kind);
        var session = await AskAsync(tab, "who");
        await AskAsync(tab, "lost");
        await using var restarted = await RealtimeServer.StartAsync();
        proxy.Cut();
        await tab.WaitForAsync("!connection.isOpen()");
        proxy.Target = new Uri(restarted.Url);
        proxy.Mend();
        await tab.WaitForAsync("fired.includes('restarted') && connection.isOpen()");

        Assert.NotEqual(session, await AskAsync(tab, "who"));
        Assert.Equal("", await AskAsync(tab, "notes"));
        Assert.InRange(restarted.Attempts, 1, 6);
        Assert.Equal(1, restarted.Sessions.Count);
        restarted.Witness.AssertDiscreet();
    }

    [Theory]
    [EngineCase]
    public async Task A_socket_is_told_that_the_restarted_server_does_not_know_it(EngineKind engine)
    {
        await using var server = await RealtimeServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Url);
        var tab = await ConnectAsync(engine, proxy.Url, "plain");
        var session = await AskAsync(tab, "who");
        await using var restarted = await RealtimeServer.StartAsync();
        proxy.Cut();
        Assert.StartsWith("1006", await ClosedAsync(tab), StringComparison.Ordinal);
        proxy.Target = new Uri(restarted.Url);
        proxy.Mend();
        await tab.RunAsync("await open_('plain');");

        Assert.Equal("4404 sessionUnknown", await ClosedAsync(tab));
        await tab.CheckAsync();
        await tab.WaitForAsync("fired.includes('restarted')");
        await tab.RunAsync("await open_('plain');");
        Assert.NotEqual(session, await AskAsync(tab, "who"));
    }

    [Theory]
    [EngineCase]
    public async Task An_event_stream_comes_by_ticket_ends_with_its_session_and_does_not_come_back(EngineKind engine)
    {
        await using var server = await RealtimeServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(2);
            options.CountdownDuration = TimeSpan.FromSeconds(60);
        });
        await using var proxy = new CuttableProxy(server.Url);
        var tab = await OpenAsync(engine, proxy.Url);
        var session = await tab.SessionAsync();
        await tab.RunAsync("await listen();");
        await tab.WaitForAsync("heard.length === 2");
        Assert.Equal([session, "named x"], await tab.EvaluateAsync<string[]>("return heard;"));

        // Cut and come back: by another ticket, for one works once.
        proxy.Cut();
        proxy.Mend();
        await tab.WaitForAsync("heard.length === 5");
        Assert.Equal([session, "named x", "error", session, "named x"], await tab.EvaluateAsync<string[]>("return heard;"));

        // Neither an open stream nor one that comes back keeps anything from its countdown.
        await tab.OpensAsync();
        await tab.ShowsPartAsync("title", "Are you still there?");
        Assert.Equal(1, await tab.EvaluateAsync<int>("return source.readyState;"));
        await tab.ClickAsync(Part("stay"));
        await tab.ClosesAsync();
        await server.EndAsync(session);
        await tab.ShowsPartAsync("message", "It was ended from elsewhere.");
        await tab.WaitForAsync("source.readyState === 2");
        server.Witness.AssertDiscreet();
    }

    private static Task<string> AskAsync(IEngineTab tab, string text) => tab.CallAsync<string>("text => connection.ask(text)", text);

    private static Task<string> ClosedAsync(IEngineTab tab) => tab.EvaluateAsync<string>("return over;");

    private static async Task ConnectAsync(IEngineTab tab, string kind)
    {
        await tab.WaitForAsync("window.open_");
        await tab.CallAsync("kind => open_(kind)", kind);
    }

    private async Task<IEngineTab> ConnectAsync(EngineKind engine, string url, string kind)
    {
        var tab = await OpenAsync(engine, url);
        await ConnectAsync(tab, kind);
        return tab;
    }

    private async Task<IEngineTab> OpenAsync(EngineKind engine, string url)
    {
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        await tab.GoToAsync(url);
        await tab.ReadyAsync();
        await tab.WaitForAsync("window.open_");
        return tab;
    }
}
