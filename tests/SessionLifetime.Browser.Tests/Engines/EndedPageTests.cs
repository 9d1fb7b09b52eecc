using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>A page whose session has ended says so whenever it is seen again, and starts nothing by itself.</summary>
public sealed class EndedPageTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string KeepsNone = "it keeps no page of the module for Back: a kept one sees its tab's storage as it was when it was left";

    private const string Shows = "!!document.querySelector('session-countdown')?.shadowRoot.querySelector('dialog')?.open && session.state === 'ended'";

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, KeepsNone)]
    public async Task A_page_back_from_the_cache_after_its_sessions_end_says_so_and_starts_nothing_until_its_user_does(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await OpenPageAsync(engine, server);
        await LeaveAsync(tab);
        await server.EndAllAsync(SessionEndReason.SignalLost);
        await tab.BackAsync();

        await tab.WaitForAsync($"window.marked === true && {Shows} && session.reason === 'SignalLost'");
        Assert.Equal(0, server.Sessions.Count);
        Assert.Single(server.Calls("attach"));

        // What the page asks for is a request of the ended session, not of nobody.
        await tab.RunAsync("await fetch('/api');");
        Assert.NotNull(server.Requests.Last(static request => request.Path == "/api").SessionId);
        await tab.RunAsync("await session.restart();");
        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal("active", await tab.StateAsync());
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, KeepsNone)]
    public async Task An_ended_page_whose_window_was_closed_shows_it_again_when_it_comes_back_from_the_cache(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await OpenPageAsync(engine, server);
        await server.EndAllAsync();
        await tab.RunAsync("await session.check();");
        await tab.WaitForAsync(Shows);
        await tab.RunAsync("session.dismiss();");
        await LeaveAsync(tab);
        await tab.BackAsync();

        await tab.WaitForAsync($"window.marked === true && {Shows}");
        Assert.Equal(0, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "WebDriver shows all tabs at once")]
    public async Task An_ended_page_says_so_again_when_its_tab_is_shown_unless_the_app_has_said_it(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await OpenPageAsync(engine, server);
        var quiet = await OpenPageAsync(engine, server);
        await quiet.RunAsync("session.addEventListener('sessionlifetime:ended', event => event.preventDefault());");
        await server.EndAllAsync();
        await quiet.RunAsync("await session.check();");
        await tab.ShowAsync();
        await tab.RunAsync("await session.check();");
        await tab.WaitForAsync(Shows);
        await tab.RunAsync("session.dismiss();");
        await quiet.ShowAsync();
        await quiet.WaitForAsync("!document.hidden && session.state === 'ended'");
        await tab.WaitForAsync("document.hidden");
        await tab.ShowAsync();

        await tab.WaitForAsync($"!document.hidden && {Shows}");
        Assert.False(await quiet.CountAsync("session-countdown") > 0);
        Assert.Equal(2, server.Calls("attach").Count);
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, KeepsNone)]
    public async Task A_page_that_was_led_away_at_the_end_says_so_when_its_user_comes_back_to_it(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-ended-url=\"/bye\"";
        server.Pages["/bye"] = "<!doctype html><title>Bye</title>";
        var tab = await OpenPageAsync(engine, server);
        await tab.RunAsync("window.marked = true;");
        await server.EndAllAsync();
        await tab.RunAsync("void session.check();");
        await tab.WaitForAsync("location.pathname === '/bye' && document.readyState === 'complete'");
        await tab.BackAsync();

        await tab.WaitForAsync($"window.marked === true && {Shows}");
        Assert.Equal(0, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task A_frame_that_is_loaded_into_a_page_whose_session_has_ended_starts_no_other(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await OpenPageAsync(engine, server);
        await server.EndAllAsync();
        await tab.RunAsync("await session.check();");
        await tab.RunAsync("document.body.append(Object.assign(document.createElement('iframe'), { src: '/framed' }));");
        await tab.WaitForAsync("frames[0]?.[Symbol.for('session-lifetime')]?.state === 'ended'");

        Assert.Equal(0, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, KeepsNone)]
    public async Task A_page_back_from_the_cache_while_the_server_is_away_asks_until_it_answers(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await OpenPageAsync(engine, server);
        await LeaveAsync(tab);
        server.Failure = new(502);
        await tab.BackAsync();
        await tab.WaitForAsync("window.marked === true");
        await server.WaitForCallsAsync("", 2);
        await server.EndAllAsync(SessionEndReason.SignalLost);
        server.Failure = null;

        await tab.WaitForAsync(Shows);
        Assert.Single(server.Calls("attach"));
    }

    [Theory]
    [EngineCase]
    public async Task Who_starts_again_starts_one_session_though_the_window_gives_the_focus_back(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var tab = await OpenPageAsync(engine, server);
        await tab.ClickAsync("#name");
        await server.EndAllAsync();
        await tab.CheckAsync();
        await tab.WaitForAsync(Shows);

        // The page is under way for longer than whatever else attaches would need.
        server.Before = static request => request.Path == "/" ? Task.Delay(1000) : Task.CompletedTask;
        await tab.LeaveAsync(() => tab.ClickAsync(EngineTabExtensions.Part("stay")));

        Assert.Equal(2, server.Calls("attach").Count);
        Assert.Equal(1, server.Sessions.Count);
    }

    private static async Task LeaveAsync(IEngineTab tab)
    {
        await tab.RunAsync("window.marked = true;");
        await tab.RunAsync("setTimeout(() => { location.href = '/elsewhere'; });");
        await tab.WaitForAsync("location.pathname === '/elsewhere' && document.readyState === 'complete'");
    }

    private async Task<IEngineTab> OpenPageAsync(EngineKind engine, TestServer server)
    {
        server.Pages["/elsewhere"] = "<!doctype html><title>t</title>";
        await BareBrowserAsync(engine);
        return await OpenAsync(engine, server);
    }
}
