using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>A tab has a session: it outlives reloads and links, and is another one in another tab.</summary>
public sealed class SessionCases(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_tab_keeps_its_session_over_reload_link_and_back(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        await using var browser = await OpenAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url + "/");
        var session = await tab.SessionAsync();

        await tab.ReloadAsync();
        await server.WaitForCallsAsync("attach", 2);
        Assert.Equal(session, await tab.SessionAsync());
        await tab.ClickAsync("#next");
        await tab.LeadsToAsync("/next");
        Assert.Equal(session, await tab.SessionAsync());
        await tab.BackAsync();
        await tab.LeadsToAsync("/");
        Assert.Equal(session, await tab.SessionAsync());

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(201, server.Calls("attach")[0].Status);
        Assert.All(server.Calls("attach").Skip(1), static call => Assert.Equal(200, call.Status));
    }

    [Theory]
    [EngineCase]
    public async Task Another_tab_and_a_copy_of_a_tab_have_sessions_of_their_own(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/"] = """
            <!doctype html><title>t</title><script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <a id="copy" href="/copy" target="_blank" rel="opener">copy</a>
            """;
        await using var browser = await OpenAsync(engine);
        var first = await browser.NewTabAsync();
        await first.GoToAsync(server.Url + "/");
        var session = await first.SessionAsync();
        var second = await browser.NewTabAsync();
        await second.GoToAsync(server.Url + "/");

        Assert.NotEqual(session, await second.SessionAsync());

        // With its opener a window has a copy of the tab's storage, as a duplicated tab has.
        await first.ClickAsync("#copy");
        await server.WaitForCallsAsync("attach", 3);
        await Eventually.BecomesTrueAsync(() => server.Sessions.Count == 3, () => "three sessions");
        Assert.Equal(session, await first.SessionAsync());
        Assert.Equal([201, 201, 201], server.Calls("attach").Select(static call => call.Status));
    }
}
