using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>WebSockets, event streams, and SignalR's own JavaScript client over each of its transports.</summary>
[ChromiumOnly("written for Playwright; what the module adds to a connection is the same in every engine")]
public sealed class RealtimeTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Theory]
    [InlineData("socket")]
    [InlineData("ticket")]
    [InlineData("WebSockets")]
    [InlineData("ServerSentEvents")]
    [InlineData("LongPolling")]
    public async Task A_connection_lives_with_its_tabs_session(string kind)
    {
        await using var server = await RealtimeServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(3);
            options.CountdownDuration = TimeSpan.FromSeconds(8);
        });
        var page = await OpenAsync(server.Url, kind);
        var session = await AskAsync(page, "who");
        Assert.Equal(await page.EvaluateAsync<string>("() => session.status.session"), session);

        // Two tabs apart, and each the same after a refresh.
        await AskAsync(page, "first");
        var other = await OpenAsync(server.Url, kind);
        Assert.NotEqual(session, await AskAsync(other, "who"));
        Assert.Equal("", await AskAsync(other, "notes"));
        await other.CloseAsync();
        await page.ReloadAsync();
        await ConnectAsync(page, kind);
        Assert.Equal(session, await AskAsync(page, "who"));
        Assert.Equal("first", await AskAsync(page, "notes"));

        // A message is the user, an open connection and its own pings are not.
        await page.WaitForTimeoutAsync(2000);
        Assert.InRange(await TimeoutInAsync(page), 0, 1500);
        await AskAsync(page, "second");
        Assert.InRange(await TimeoutInAsync(page), 2000, 3000);
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?");
        Assert.True(await page.EvaluateAsync<bool>("() => connection.isOpen()"));
        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToBeHiddenAsync();
        Assert.Equal("second", await AskAsync(page, "notes"));

        await server.EndAsync(session);
        var expected = kind is "socket" or "ticket" ? "4408 Revoked" : "Server returned an error on close: The session has ended: Revoked.";
        Assert.Equal(expected, await ClosedAsync(page));
        if (kind == "ticket")
        {
            // A WebSocket of the page's own asks nobody when it closes.
            await page.CheckAsync();
        }

        await Assertions.Expect(page.Part("message")).ToHaveTextAsync("It was ended from elsewhere.");
        server.Witness.AssertDiscreet();
    }

    [Theory]
    [InlineData("WebSockets")]
    [InlineData("ServerSentEvents")]
    [InlineData("LongPolling")]
    public async Task A_cut_network_is_reconnected_to_the_same_session(string kind)
    {
        await using var server = await RealtimeServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Url);
        var page = await OpenAsync(proxy.Url, kind);
        var session = await AskAsync(page, "who");
        await AskAsync(page, "kept");
        proxy.Cut();
        await page.WaitForFunctionAsync("() => !connection.isOpen()");
        proxy.Mend();
        await page.WaitForFunctionAsync("() => connection.isOpen()");

        Assert.Equal(session, await AskAsync(page, "who"));
        Assert.Equal("kept", await AskAsync(page, "notes"));
    }

    [Theory]
    [InlineData("WebSockets")]
    [InlineData("ServerSentEvents")]
    [InlineData("LongPolling")]
    public async Task After_the_server_was_restarted_the_client_comes_back_to_a_new_session_and_does_not_loop(string kind)
    {
        await using var server = await RealtimeServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Url);
        var page = await OpenAsync(proxy.Url, kind);
        var session = await AskAsync(page, "who");
        await AskAsync(page, "lost");
        await using var restarted = await RealtimeServer.StartAsync();
        proxy.Cut();
        await page.WaitForFunctionAsync("() => !connection.isOpen()");
        proxy.Target = new Uri(restarted.Url);
        proxy.Mend();
        await page.WaitForFunctionAsync("() => fired.includes('restarted') && connection.isOpen()");

        Assert.NotEqual(session, await AskAsync(page, "who"));
        Assert.Equal("", await AskAsync(page, "notes"));
        Assert.InRange(restarted.Attempts, 1, 6);
        Assert.Equal(1, restarted.Sessions.Count);
        restarted.Witness.AssertDiscreet();
    }

    [Fact]
    public async Task A_socket_is_told_that_the_restarted_server_does_not_know_it()
    {
        await using var server = await RealtimeServer.StartAsync();
        await using var proxy = new CuttableProxy(server.Url);
        var page = await OpenAsync(proxy.Url, "plain");
        var session = await AskAsync(page, "who");
        await using var restarted = await RealtimeServer.StartAsync();
        proxy.Cut();
        Assert.StartsWith("1006", await ClosedAsync(page), StringComparison.Ordinal);
        proxy.Target = new Uri(restarted.Url);
        proxy.Mend();
        await page.EvaluateAsync("() => open_('plain')");

        Assert.Equal("4404 sessionUnknown", await ClosedAsync(page));
        await page.CheckAsync();
        await page.WaitForFunctionAsync("() => fired.includes('restarted')");
        await page.EvaluateAsync("() => open_('plain')");
        Assert.NotEqual(session, await AskAsync(page, "who"));
    }

    [Fact]
    public async Task An_event_stream_comes_by_ticket_ends_with_its_session_and_does_not_come_back()
    {
        await using var server = await RealtimeServer.StartAsync(static options => options.SessionTimeout = TimeSpan.FromSeconds(2));
        await using var proxy = new CuttableProxy(server.Url);
        var page = await OpenAsync(proxy.Url);
        var session = await page.EvaluateAsync<string>("() => session.status.session");
        await page.EvaluateAsync("() => listen()");
        await page.WaitForFunctionAsync("() => heard.length === 2");
        Assert.Equal([session, "named x"], await page.EvaluateAsync<string[]>("() => heard"));

        // Cut and come back: by another ticket, for one works once.
        proxy.Cut();
        proxy.Mend();
        await page.WaitForFunctionAsync("() => heard.length === 5");
        Assert.Equal([session, "named x", "error", session, "named x"], await page.EvaluateAsync<string[]>("() => heard"));

        // An open stream keeps nothing from its countdown.
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?");
        Assert.Equal(1, await page.EvaluateAsync<int>("() => source.readyState"));
        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToBeHiddenAsync();
        await server.EndAsync(session);
        await Assertions.Expect(page.Part("message")).ToHaveTextAsync("It was ended from elsewhere.");
        await page.WaitForFunctionAsync("() => source.readyState === 2");
        server.Witness.AssertDiscreet();
    }

    private static Task<string> AskAsync(IPage page, string text) => page.EvaluateAsync<string>("text => connection.ask(text)", text);

    private static Task<string> ClosedAsync(IPage page) => page.EvaluateAsync<string>("() => window.over");

    private static async Task<double> TimeoutInAsync(IPage page)
    {
        await page.CheckAsync();
        return await page.EvaluateAsync<double>("() => session.status.timeoutInMs");
    }

    private static async Task ConnectAsync(IPage page, string kind)
    {
        await page.ReadyAsync();
        await page.WaitForFunctionAsync("() => window.open_");
        await page.EvaluateAsync("kind => open_(kind)", kind);
    }

    private async Task<IPage> OpenAsync(string url, string? kind = null)
    {
        var page = await Context.NewPageAsync();
        await page.GotoAsync(url);
        await page.ReadyAsync();
        await page.WaitForFunctionAsync("() => window.open_");
        await (kind is null ? Task.CompletedTask : page.EvaluateAsync("kind => open_(kind)", kind));
        return page;
    }
}
