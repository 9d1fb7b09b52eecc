using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Pages that are left, are kept by the browser, and are seen again; and hidden tabs.</summary>
public sealed class KeptPageTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string KeepsNone = "it keeps no page of the module for Back: a kept one sees its tab's storage as it was when it was left";

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "WebDriver shows all tabs at once")]
    public async Task A_hidden_tab_pings_in_time(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(2));
        server.First = "document.addEventListener('visibilitychange', () => { if (document.hidden) new Image().src = '/hidden'; });";
        var browser = await BareBrowserAsync(engine);
        await OpenAsync(engine, server);
        await browser.NewTabAsync();

        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request.Path == "/hidden"), () => "a hidden tab");
        var before = server.Calls("ping").Count;
        await server.WaitForCallsAsync("ping", before + 4);

        // The first of them was planned while the tab was shown.
        var pings = server.Calls("ping").Skip(before + 1).ToList();
        Assert.All(pings.Zip(pings.Skip(1), static (a, b) => (b.At - a.At).TotalSeconds), static gap => Assert.InRange(gap, 1.6, 4));
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, KeepsNone)]
    public async Task A_page_back_from_the_cache_is_a_new_page_of_the_same_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        await BareBrowserAsync(engine);
        var tab = await OpenAsync(engine, server);
        await tab.RunAsync("window.marked = true;");
        await tab.RunAsync("setTimeout(() => { location.href = '/next'; });");
        await tab.WaitForAsync("location.pathname === '/next' && document.readyState === 'complete'");
        await server.WaitForCallsAsync("attach", 2);
        await server.WaitForCallsAsync("detach", 1);
        Assert.True(server.Calls("detach")[0].Json.GetProperty("persisted").GetBoolean());
        await tab.BackAsync();
        await tab.WaitForAsync("window.marked === true");
        await server.WaitForCallsAsync("attach", 3);

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal([201, 200, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(3, server.Calls("attach").Select(call => call.PageId).Distinct().Count());
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, KeepsNone)]
    [Row(4, 0)]
    [Row(0.3, 1)]
    public async Task A_page_back_from_the_cache_was_unloaded_only_if_it_stayed_away_longer_than_the_grace(EngineKind engine, double grace, int unloads)
    {
        await using var server = await TestServer.StartAsync(options => options.UnloadGrace = TimeSpan.FromSeconds(grace));
        var unloaded = new List<bool>();
        server.Events.PageUnloaded += (_, e) => unloaded.Add(e.Persisted);
        server.Pages["/elsewhere"] = "<!doctype html><title>t</title>";
        await BareBrowserAsync(engine);
        var tab = await OpenAsync(engine, server);
        await tab.RunAsync("window.marked = true;");
        await tab.RunAsync("setTimeout(() => { location.href = '/elsewhere'; });");
        await tab.WaitForAsync("location.pathname === '/elsewhere' && document.readyState === 'complete'");
        await server.WaitForCallsAsync("detach", 1);
        await Task.Delay(1000);
        await tab.BackAsync();
        await tab.WaitForAsync("window.marked === true && session.state === 'active'");
        await server.WaitForCallsAsync("attach", 2);
        await Eventually.BecomesTrueAsync(() => unloaded.Count >= unloads, () => "an unload");

        // A grace that began with the detach is over, and its sweep, too.
        await Task.Delay(TimeSpan.FromSeconds(grace));

        Assert.Equal(Enumerable.Repeat(element: true, unloads), unloaded);
        Assert.Equal([201, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task Back_leads_to_the_session_that_the_tab_has_meanwhile(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        await BareBrowserAsync(engine);
        var tab = await OpenAsync(engine, server);
        await tab.LeaveAsync(() => tab.ClickAsync("#next"));
        await server.EndAllAsync();
        await tab.CheckAsync();
        await tab.RunAsync("await session.restart();");
        var session = await tab.SessionAsync();
        await tab.BackAsync();

        await tab.WaitForAsync($"location.pathname === '/' && window[Symbol.for('session-lifetime')]?.status?.session === '{session}'");
        Assert.Equal(1, server.Sessions.Count);
    }
}
