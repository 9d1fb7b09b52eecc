using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Pages that are left, downloads, and pages that are seen again.</summary>
public sealed class LeavingCases(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string Module = """<script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>""";

    [Theory]
    [EngineCase("pagehide", "visibilitychange")]
    public async Task What_a_page_asks_for_while_it_is_left_carries_the_id(EngineKind engine, string moment)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/"] = $"""<!doctype html><title>t</title>{Module}<script type="module" src="/save.js"></script><a id="next" href="/next">next</a>""";
        server.Pages["/save.js"] = $$"""
            let isSaved = false;
            for (const target of [window, document]) target.addEventListener('{{moment}}', () => {
              if (!isSaved) fetch('/api', { method: 'POST', keepalive: true, body: 'last words' });
              isSaved = true;
            });
            """;
        await using var browser = await OpenAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url + "/");
        await tab.SessionAsync();
        var id = await tab.EvaluateAsync<string>("return window[Symbol.for('session-lifetime')].headers()['X-Session-Id'];");

        await tab.ClickAsync("#next");

        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request.Path == "/api"), () => "the page's last request");
        Assert.Equal(id, server.Requests.First(static request => request.Path == "/api").SessionId);
    }

    [Theory]
    [EngineCase]
    public async Task What_the_user_does_in_a_frame_is_reported(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(4);
            options.CountdownDuration = TimeSpan.FromMinutes(1);
        });
        server.Policy = "default-src 'self'";
        server.Pages["/"] = $"""<!doctype html><title>t</title>{Module}<iframe src="/frame"></iframe>""";
        server.Pages["/frame"] = "<!doctype html><title>f</title><p>text</p>";
        await using var browser = await OpenAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url + "/");
        await tab.SessionAsync();
        await tab.WaitForAsync("frames[0].document.querySelector('p')");
        await tab.EvaluateAsync<object?>("frames[0].addEventListener('pointerdown', () => { window.wasInFrame = true; });");

        await tab.ClickAsync("iframe");

        await tab.WaitForAsync("window.wasInFrame");
        await server.WaitForReportAsync();
    }

    /// <summary>Where the browser has kept the page; where it has not, the page is loaded anew, and starts another session.</summary>
    [Theory]
    [EngineCase]
    public async Task A_page_that_the_browser_has_kept_says_that_its_session_has_ended_and_starts_none(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/elsewhere"] = "<!doctype html><title>e</title><h1>Elsewhere</h1>";
        await using var browser = await OpenAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url + "/");
        await tab.SessionAsync();
        await tab.EvaluateAsync<object?>("window.marked = true; setTimeout(() => { location.href = '/elsewhere'; });");
        await tab.WaitForAsync("document.querySelector('h1')?.textContent === 'Elsewhere'");
        await server.EndAllAsync(SessionEndReason.SignalLost);

        await tab.BackAsync();

        await tab.WaitForAsync("['ended', 'active'].includes(window[Symbol.for('session-lifetime')]?.state)");
        if (await tab.EvaluateAsync<bool>("return !!window.marked;"))
        {
            await tab.WaitForAsync($"window[Symbol.for('session-lifetime')].state === 'ended' && {Deep.Find("session-countdown >>> dialog")}?.open");
            Assert.Equal(0, server.Sessions.Count);
            Assert.Single(server.Calls("attach"));
        }
        else
        {
            Assert.Equal(2, server.Calls("attach").Count);
        }
    }
}
