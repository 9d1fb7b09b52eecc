using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Plain pages reach the server with the session of their tab, however the browser gets to them.</summary>
public sealed class NavigationTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task Every_kind_of_navigation_has_the_session_of_its_tab(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        var tab = await OpenAsync(engine, server);
        var session = await tab.SessionAsync();
        (string Kind, Func<Task> Navigate, string Leads)[] kinds =
        [
            ("link", () => tab.ClickAsync("#a"), "/a"),
            ("second link", () => tab.ClickAsync("#b"), "/b"),
            ("reload", tab.ReloadAsync, "/b"),
            ("typed address", () => tab.GoToAsync(server.Url + "/typed"), "/typed"),
            ("script", () => tab.RunAsync("setTimeout(() => { location.href = '/script'; });"), "/script"),
            ("form by GET", () => tab.ClickAsync("#get button"), "/found"),
            ("form that is answered", () => tab.ClickAsync("#answer button"), "POST /answer"),
            ("its resubmission", tab.ReloadAsync, "POST /answer"),
            ("form by POST, and its redirect", () => tab.ClickAsync("#post button"), "/posted"),
            ("chain of redirects", () => tab.GoToAsync(server.Url + "/redirect"), "/landed"),
            ("Back", tab.BackAsync, "/posted"),
            ("Forward", () => tab.RunAsync("setTimeout(() => history.forward());"), "/landed"),
            ("link that starts a chain", () => tab.ClickAsync("#redirect"), "/landed"),
        ];
        foreach (var (kind, navigate, leads) in kinds)
        {
            await tab.ReplaceAsync(navigate);
            await tab.WaitForAsync($"document.querySelector('#path')?.textContent.includes('{leads}')");
            var own = await tab.SettleAsync();
            Assert.Equal((kind, session, session), (kind, own, await tab.TextAsync("#session")));
            Assert.Equal(0, await tab.MismatchesAsync());
        }

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(2, server.Visits.Count(visit => visit.Path == "/answer" && visit.Session == session));
        Assert.All(server.Visits.Where(static visit => visit.Session is not null), visit => Assert.Equal(session, visit.Session));
        var browser = await BrowserAsync(engine);
        await Eventually.BecomesTrueAsync(
            () => browser.CookiesAsync(tab).Result.All(static cookie => !cookie.Name.StartsWith("SessionLifetime.Relay", StringComparison.Ordinal)), () => "no token that is left");
        var id = await tab.EvaluateAsync<string>("return window[Symbol.for('session-lifetime')].headers()['X-Session-Id'];");
        Assert.DoesNotContain(server.Visits, visit => visit.Headers.Cookie.ToString().Contains(id, StringComparison.Ordinal));
        Assert.DoesNotContain(id, await tab.EvaluateAsync<string>("return document.documentElement.outerHTML;"), StringComparison.Ordinal);
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "a link in a tab that is not in front opens nothing, and WebDriver brings no tab to the front")]
    public async Task New_tabs_and_windows_have_sessions_of_their_own(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var first = await page.SessionAsync();
        var seen = new HashSet<string> { first };
        var browser = await BrowserAsync(engine);
        foreach (var open in new Func<Task>[]
        {
            () => page.ClickAsync("#a", withControl: true),
            () => page.ClickAsync("#blank"),
            () => page.ClickAsync("#opener"),
            () => page.RunAsync("window.open('/opened');"),
            () => page.RunAsync("window.open('/opened', '_blank', 'noopener');"),
        })
        {
            await page.ShowAsync();
            var tab = await browser.OpenedAsync(open);
            await tab.WaitForAsync("document.querySelector('#session')?.textContent");
            var own = await tab.SettleAsync();
            await tab.ShowsAsync("#session", own);
            Assert.True(seen.Add(own));
        }

        await page.ShowAsync();
        Assert.Equal(first, await page.SessionAsync());
        await page.ClickAsync("#b");
        await page.LeadsToAsync("/b?from=" + first);
        Assert.Equal(first, await page.TextAsync("#session"));
        Assert.Equal(6, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_was_not_left_after_all_goes_on_with_its_tokens_and_leaves_none_to_others(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        var page = await OpenAsync(engine, server);
        var session = await page.SessionAsync();
        for (var round = 0; round < 2; round++)
        {
            var files = server.Visits.Count(static visit => visit.Path == "/file");
            await page.ClickAsync("#file");
            await Eventually.BecomesTrueAsync(() => server.Visits.Count(static visit => visit.Path == "/file") > files, () => "a download");
            await page.RunAsync("document.querySelector('#nothing').click();");

            // The WebKit of a system without mail knows no mailto: and shows a page that says so.
            await (engine == EngineKind.WebKit ? Task.CompletedTask : page.RunAsync("location.href = 'mailto:ada@example.com';"));
            await page.WaitForAsync("!document.cookie.includes('SessionLifetime.Relay')");
            await page.WaitForAsync($"performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/relay')).length > {round + 1}");
        }

        await page.ClickAsync("#a");
        await page.WaitForAsync("document.querySelector('#path')?.textContent.includes('/a')");
        Assert.Equal(session, await page.TextAsync("#session"));
        var other = await OpenAsync(engine, server);
        Assert.NotEqual(session, await other.TextAsync("#session"));
        Assert.Equal(0, await other.MismatchesAsync());
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "it has no Navigation API, and nothing else tells where a navigation by script leads")]
    public async Task A_page_that_is_left_for_another_origin_leaves_no_token(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        var reader = await OpenAsync(engine, server, "/public");
        var page = await OpenAsync(engine, server);
        Assert.Contains("SessionLifetime.Relay", await LeaveAsync("/a"), StringComparison.Ordinal);
        await page.SettleAsync();
        Assert.DoesNotContain("SessionLifetime.Relay", await LeaveAsync(server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/b"), StringComparison.Ordinal);

        // Heard after the module's own listener, and read in a tab that stays where it is.
        async Task<string> LeaveAsync(string to)
        {
            await page.RunAsync("addEventListener('beforeunload', () => localStorage.setItem('left', document.cookie));");
            await page.ReplaceAsync(() => page.CallAsync("to => { setTimeout(() => { location.href = to; }); }", to));
            return await reader.EvaluateAsync<string>("return localStorage.getItem('left');");
        }
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_was_rendered_for_another_tab_says_so_and_is_loaded_anew_once(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        var (page, other) = (await OpenAsync(engine, server), await OpenAsync(engine, server, "/second"));
        var (own, theirs) = (await page.SessionAsync(), await other.SessionAsync());
        var token = await other.EvaluateAsync<string>(
            "return (await (await window[Symbol.for('session-lifetime')].fetch('/_session/relay', { method: 'POST' })).json()).tokens[0];");

        // As if both had left at the same moment for the same address, and neither had waited: FNV-1a of "swapped", and later than all.
        var target = "swapped".Aggregate(2166136261u, static (hash, character) => (hash ^ character) * 16777619u);
        await (await BrowserAsync(engine)).AddCookieAsync(page, "SessionLifetime.Relay.zz", $"{token}~99999999999999~{target:x}");
        await page.RunAsync("setTimeout(() => { location.href = '/swapped'; });");
        await page.WaitForAsync("location.pathname === '/swapped'");
        await page.ShowsAsync("#session", own);

        Assert.Equal(own, await page.SettleAsync());
        Assert.Equal([theirs, own], server.Visits.Where(static visit => visit.Path == "/swapped").Select(static visit => visit.Session));
        Assert.Equal(1, await page.MismatchesAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_is_left_waits_for_a_request_to_the_same_address_but_not_for_one_that_says_the_same_and_never_for_long(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var session = await page.SessionAsync();
        await page.RunAsync("await window[Symbol.for('session-lifetime')].leave();");

        Assert.InRange(await LeaveAsync("ended.Exited.AAAAAAAAAAA.1"), 400, 2000);
        Assert.InRange(await LeaveAsync($"ended.Exited.{session}.1"), 0, 250);

        // As if another page had left at this moment, for an address it does not know.
        Task<double> LeaveAsync(string token) => page.CallAsync<double>(
            """
            token => {
              document.cookie = `SessionLifetime.Relay.zz=${token}~${Date.now()}~0;path=/`;
              const began = performance.now();
              dispatchEvent(new Event('beforeunload'));
              return performance.now() - began;
            }
            """,
            token);
    }

    /// <summary>The tokens of the old id are worth nothing: a form that is sent at once would come without its session.</summary>
    [Theory]
    [EngineCase]
    public async Task A_page_whose_id_was_replaced_has_tokens_before_its_user_does_anything(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync(
            configure: null,
            static sessions => sessions.AddNavigationRelay(),
            static app => app.MapPost("/rotate", static (HttpContext context) => context.GetTabSession()!.RotateIdAsync()));
        var tab = await OpenAsync(engine, server);
        await tab.ClickAsync("#a");
        await tab.WaitForAsync("document.querySelector('#path')?.textContent.includes('/a')");
        var session = await tab.SettleAsync();
        var asked = server.Calls("relay").Count;
        await tab.RunAsync("await fetch('/rotate', { method: 'POST' });");
        await Eventually.BecomesTrueAsync(() => server.Calls("relay").Count > asked, () => "new tokens");

        await tab.ClickAsync("#post button");
        await tab.WaitForAsync("document.querySelector('#path')?.textContent.includes('/posted')");
        Assert.Equal(session, await tab.SessionAsync());
        Assert.Equal(session, server.Visits.Last(static visit => visit.Path == "/post").Session);
    }
}
