using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

/// <summary>A page whose session has ended says so whenever it is seen again, and starts nothing by itself.</summary>
public sealed class EndedPageTests
{
    private const string Started = """
        (async () => {
          window.session = (await import('/_session/session-lifetime.js')).start();
          await session.ready;
          return true;
        })()
        """;

    private const string Shows = "!!document.querySelector('session-countdown')?.shadowRoot.querySelector('dialog')?.open && session.state === 'ended'";

    [Fact]
    public async Task A_page_back_from_the_cache_after_its_sessions_end_says_so_and_starts_nothing_until_its_user_does()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await LeaveAsync(tab);
        await server.EndAllAsync(SessionEndReason.SignalLost);
        await tab.EvaluateAsync("history.back()");

        await tab.WaitForAsync($"window.marked === true && {Shows} && session.reason === 'SignalLost'");
        Assert.Equal(0, server.Sessions.Count);
        Assert.Single(server.Calls("attach"));

        // What the page asks for is a request of the ended session, not of nobody.
        await tab.EvaluateAsync("fetch('/api').then(() => true)");
        Assert.NotNull(server.Requests.Last(static request => request.Path == "/api").SessionId);
        await tab.EvaluateAsync("session.restart()");
        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal("active", (await tab.EvaluateAsync("session.state"))!.GetValue<string>());
    }

    [Fact]
    public async Task An_ended_page_whose_window_was_closed_shows_it_again_when_it_comes_back_from_the_cache()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await server.EndAllAsync();
        await tab.EvaluateAsync("session.check()");
        await tab.WaitForAsync(Shows);
        await tab.EvaluateAsync("session.dismiss()");
        await LeaveAsync(tab);
        await tab.EvaluateAsync("history.back()");

        await tab.WaitForAsync($"window.marked === true && {Shows}");
        Assert.Equal(0, server.Sessions.Count);
    }

    [Fact]
    public async Task An_ended_page_says_so_again_when_its_tab_is_shown_unless_the_app_has_said_it()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        var quiet = await OpenAsync(chromium, server);
        await quiet.EvaluateAsync("session.addEventListener('sessionlifetime:ended', event => event.preventDefault())");
        await server.EndAllAsync();
        await quiet.EvaluateAsync("session.check()");
        await chromium.ActivateAsync(tab);
        await tab.EvaluateAsync("session.check()");
        await tab.WaitForAsync(Shows);
        await tab.EvaluateAsync("session.dismiss()");
        await chromium.ActivateAsync(quiet);
        await quiet.WaitForAsync("!document.hidden && session.state === 'ended'");
        await tab.WaitForAsync("document.hidden");
        await chromium.ActivateAsync(tab);

        await tab.WaitForAsync($"!document.hidden && {Shows}");
        Assert.False((await quiet.EvaluateAsync("!!document.querySelector('session-countdown')"))!.GetValue<bool>());
        Assert.Equal(2, server.Calls("attach").Count);
    }

    [Fact]
    public async Task A_page_that_was_led_away_at_the_end_says_so_when_its_user_comes_back_to_it()
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-ended-url=\"/bye\"";
        server.Pages["/bye"] = "<!doctype html><title>Bye</title>";
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await tab.EvaluateAsync("window.marked = true");
        await server.EndAllAsync();
        await tab.EvaluateAsync("void session.check()");
        await tab.WaitForAsync("location.pathname === '/bye' && document.readyState === 'complete'");
        await tab.EvaluateAsync("history.back()");

        await tab.WaitForAsync($"window.marked === true && {Shows}");
        Assert.Equal(0, server.Sessions.Count);
    }

    [Fact]
    public async Task A_frame_that_is_loaded_into_a_page_whose_session_has_ended_starts_no_other()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await server.EndAllAsync();
        await tab.EvaluateAsync("session.check()");
        await tab.EvaluateAsync("document.body.append(Object.assign(document.createElement('iframe'), { src: '/framed' }))");
        await tab.WaitForAsync("frames[0]?.[Symbol.for('session-lifetime')]?.state === 'ended'");

        Assert.Equal(0, server.Sessions.Count);
    }

    [Fact]
    public async Task A_page_back_from_the_cache_while_the_server_is_away_asks_until_it_answers()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await LeaveAsync(tab);
        server.Failure = new(502);
        await tab.EvaluateAsync("history.back()");
        await tab.WaitForAsync("window.marked === true");
        await server.WaitForCallsAsync("", 2);
        await server.EndAllAsync(SessionEndReason.SignalLost);
        server.Failure = null;

        await tab.WaitForAsync(Shows);
        Assert.Single(server.Calls("attach"));
    }

    private static async Task LeaveAsync(BareTab tab)
    {
        await tab.EvaluateAsync("window.marked = true");
        await tab.EvaluateAsync("location.href = '/elsewhere'");
        await tab.WaitForAsync("location.pathname === '/elsewhere' && document.readyState === 'complete'");
    }

    private static async Task<BareTab> OpenAsync(BareChromium chromium, TestServer server)
    {
        server.Pages["/elsewhere"] = "<!doctype html><title>t</title>";
        var tab = await chromium.OpenAsync(server.Url);
        await tab.WaitForAsync("document.readyState === 'complete'");
        await tab.WaitForAsync(Started);
        return tab;
    }
}
