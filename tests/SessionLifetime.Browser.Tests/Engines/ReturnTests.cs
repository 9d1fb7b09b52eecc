using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Plain pages: tabs that come back from another site, downloads, the first page, and what follows the end.</summary>
public sealed class ReturnTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase("link", "redirect", "script", "form", "post", "back", "typed")]
    public async Task A_return_from_another_site_runs_each_page_once_and_in_the_session_of_the_tab(EngineKind engine, string way)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        await using var elsewhere = await ForeignSite.StartAsync(server.Url);
        var tab = await OpenAsync(engine, server);
        var session = await tab.SessionAsync();
        await tab.RunAsync($"setTimeout(() => {{ location.href = '{elsewhere.Url}/'; }});");
        await tab.WaitForAsync("document.querySelector('h1')?.textContent === 'Elsewhere'");
        var before = server.Visits.Count;

        await (way switch
        {
            "back" => tab.BackAsync(),
            "typed" => tab.GoToAsync(server.Url + "/typed"),
            "script" => tab.RunAsync($"setTimeout(() => {{ location.href = '{server.Url}/returned?code=1'; }});"),
            _ => tab.ClickAsync("#" + way),
        });

        await tab.WaitForAsync($"document.querySelector('#session')?.textContent === '{session}'");
        Assert.Equal(session, await tab.SettleAsync());
        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(0, await tab.MismatchesAsync());

        // What another site posts sees no session; what that redirects to sees the tab's.
        Assert.All(server.Visits.Where(static visit => visit.Path == "/returned" && visit.Method == "POST"), static visit => Assert.Null(visit.Session));
        var ran = server.Visits.Skip(before).Where(static visit => !visit.Path.StartsWith("/_session", StringComparison.Ordinal) && visit.Session is not null).ToList();
        Assert.All(ran, visit => Assert.Equal(session, visit.Session));
        Assert.True(ran.Count == 1 || (way == "back" && ran.Count == 0), $"{ran.Count} pages ran");

        // And from there it goes on as ever.
        await tab.ReplaceAsync(() => tab.ClickAsync("#b"));
        await tab.ShowsAsync("#session", session);
    }

    [Theory]
    [EngineCase]
    public async Task A_new_tab_that_another_site_opens_has_a_session_of_its_own_and_its_endpoint_runs_once(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        await using var elsewhere = await ForeignSite.StartAsync(server.Url);
        var page = await OpenAsync(engine, server);
        var own = await page.SessionAsync();
        await page.GoToAsync(elsewhere.Url + "/");
        var tab = await (await BrowserAsync(engine)).OpenedAsync(() => page.ClickAsync("#tab"));
        await tab.LeadsToAsync("/returned");
        var other = await tab.SettleAsync();

        Assert.NotEqual(own, other);
        Assert.Equal([other], server.Visits.Where(static visit => visit.Path == "/returned" && visit.Session is not null).Select(static visit => visit.Session));
        Assert.Equal(2, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    [Row(true)]
    [Row(false)]
    public async Task A_link_with_download_has_the_session_of_its_tab(EngineKind engine, bool hasNavigation)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = hasNavigation ? "" : "Reflect.deleteProperty(window, 'navigation');";
        var page = await OpenAsync(engine, server);
        for (var i = 1; i < 4; i++)
        {
            await page.ClickAsync("#download");
            await Eventually.BecomesTrueAsync(() => server.Visits.Count(static visit => visit.Path == "/plain") >= i, () => "the download");
            await page.WaitForAsync("!document.cookie.includes('SessionLifetime.Relay')");
            Assert.Equal(i, server.Visits.Count(static visit => visit.Path == "/plain"));

            // It has been given another token, and has read the answer.
            await page.WaitForAsync($"performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/relay') && entry.responseEnd).length > {i}");
            await page.RunAsync("await new Promise(done => setTimeout(done));");
        }

        var own = await page.SessionAsync();
        Assert.All(server.Visits.Where(static visit => visit.Path == "/plain"), visit => Assert.Equal(own, visit.Session));
    }

    [Theory]
    [EngineCase]
    public async Task Back_to_a_first_page_that_was_rendered_without_a_session_is_loaded_once(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        var page = await OpenAsync(engine, server, "/bare");
        Assert.Equal("", await page.TextAsync("#session"));
        await page.ReplaceAsync(() => page.ClickAsync("#a"));
        await page.SettleAsync();
        await page.ReplaceAsync(page.BackAsync);
        await page.SettleAsync();
        await Task.Delay(500);

        Assert.Equal(0, await page.MismatchesAsync());
        Assert.InRange(server.Visits.Count(static visit => visit.Path == "/bare"), 1, 2);
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, "it keeps no page of the module for Back: a kept one sees its tab's storage as it was when it was left")]
    public async Task Back_to_it_from_the_cache_is_no_mismatch_either(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        await BareBrowserAsync(engine);
        var tab = await OpenAsync(engine, server, "/bare");
        await tab.RunAsync("window.isKept = true; addEventListener('sessionlifetime:resumed', () => { window.isResumed = true; });");
        await tab.ReplaceAsync(() => tab.ClickAsync("#public"));
        await tab.SettleAsync();
        await tab.BackAsync();
        await tab.WaitForAsync("location.pathname === '/bare' && window.isResumed === true");
        await Task.Delay(500);

        Assert.True(await tab.EvaluateAsync<bool>("return window.isKept === true;"));
        Assert.Equal(0, await tab.MismatchesAsync());
        Assert.Single(server.Visits, static visit => visit.Path == "/bare");
    }

    [Theory]
    [EngineCase]
    public async Task After_the_end_the_button_of_the_window_leads_to_a_new_session_and_not_to_the_page_that_says_it_again(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync(static options => options.ExpiredPath = "/expired");
        var page = await OpenAsync(engine, server);
        var own = await page.SessionAsync();
        await EndAsync(server, page);
        await page.ReplaceAsync(() => page.ClickAsync(Part("stay")));
        await page.WaitForAsync($"document.querySelector('#session') && document.querySelector('#session').textContent !== '{own}'");
        var session = await page.SettleAsync();

        Assert.Equal("/first", await page.EvaluateAsync<string>("return location.pathname;"));
        Assert.Equal(session, await page.TextAsync("#session"));
        Assert.Equal(1, server.Sessions.Count);
        Assert.DoesNotContain(server.Visits, static visit => visit.Path == "/expired");
    }

    [Theory]
    [EngineCase]
    public async Task The_page_for_expired_sessions_says_it_once_and_starts_none_and_its_links_lead_to_a_new_one(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync(static options => options.ExpiredPath = "/expired");
        var page = await OpenAsync(engine, server);
        await EndAsync(server, page);
        await page.PressAsync("Escape");
        await page.ClosesAsync();
        await page.ClickAsync("#a");
        await page.LeadsToAsync("/expired");
        await page.WaitForAsync("!window[Symbol.for('session-lifetime')]");
        await Task.Delay(500);
        Assert.Equal(0, server.Sessions.Count);
        Assert.Equal(0, await page.CountAsync("session-countdown"));

        await page.ReplaceAsync(() => page.ClickAsync("#home"));
        await page.WaitForAsync("document.querySelector('#path')?.textContent.includes('/home')");
        Assert.Equal(await page.SettleAsync(), await page.TextAsync("#session"));
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_starts_none_joins_the_session_of_its_tab_and_forgets_one_that_has_ended(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/good-bye");
        await page.WaitForAsync("document.readyState === 'complete' && !window[Symbol.for('session-lifetime')]");
        Assert.Equal(0, server.Sessions.Count);

        await page.GoToAsync(server.Url + "/first");
        var own = await page.SettleAsync();
        await page.GoToAsync(server.Url + "/good-bye");
        Assert.Equal(own, await page.SettleAsync());

        await server.Sessions.EndAllAsync();
        await page.ReplaceAsync(page.ReloadAsync);
        await page.WaitForAsync("document.readyState === 'complete' && !window[Symbol.for('session-lifetime')]");
        Assert.Equal(0, await page.CountAsync("session-countdown"));
        Assert.Equal(0, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task Planted_marks_lead_no_typed_address_and_no_new_tab_astray(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync(static options => options.ExpiredPath = "/expired");
        var page = await OpenAsync(engine, server);
        var own = await page.SessionAsync();
        var browser = await BrowserAsync(engine);
        for (var i = 0; i < 30; i++)
        {
            await browser.AddCookieAsync(page, $"SessionLifetime.Relay.x{i}", i % 2 == 0 ? "ended~0~0" : $"ended-Exited.AAAAAAAAAAA~{99999999999999 - i}~0");
        }

        await page.GoToAsync(server.Url + "/typed");
        await page.ShowsAsync("#session", own);
        await page.SettleAsync();
        var tab = await OpenAsync(engine, server, "/second");
        Assert.Equal(await tab.SessionAsync(), await tab.TextAsync("#session"));
    }

    private static async Task EndAsync(NavigationServer server, IEngineTab page)
    {
        await server.Sessions.EndAllAsync();
        await page.RunAsync("await window[Symbol.for('session-lifetime')].check();");
        await page.OpensAsync();
    }
}
