using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>Plain pages reach the server with the session of their tab, however the browser gets to them.</summary>
[ChromiumOnly("written for Playwright (random walks, planted cookies, an emulated phone); `NavigationCases` has every kind of navigation")]
public sealed class NavigationTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Every_kind_of_navigation_has_the_session_of_its_tab()
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenTabAsync(server);
        var session = await OwnAsync(page);
        (string Kind, Func<Task> Navigate, string Leads)[] kinds =
        [
            ("link", () => page.ClickAsync("#a"), "/a"),
            ("second link", () => page.ClickAsync("#b"), "/b"),
            ("reload", () => page.ReloadAsync(), "/b"),
            ("typed address", () => page.GotoAsync(server.Url + "/typed"), "/typed"),
            ("script", () => page.EvaluateAsync("() => { location.href = '/script'; }"), "/script"),
            ("form by GET", () => page.ClickAsync("#get button"), "/found"),
            ("form that is answered", () => page.ClickAsync("#answer button"), "POST /answer"),
            ("its resubmission", () => page.ReloadAsync(), "POST /answer"),
            ("form by POST, and its redirect", () => page.ClickAsync("#post button"), "/posted"),
            ("chain of redirects", () => page.GotoAsync(server.Url + "/redirect"), "/landed"),
            ("Back", () => page.GoBackAsync(), "/posted"),
            ("Forward", () => page.GoForwardAsync(), "/landed"),
            ("link that starts a chain", () => page.ClickAsync("#redirect"), "/landed"),
        ];
        foreach (var (kind, navigate, leads) in kinds)
        {
            await navigate();
            await Assertions.Expect(page.Locator("#path")).ToContainTextAsync(leads);
            await SettleAsync(page);
            Assert.True(session == await page.TextContentAsync("#session"), $"{kind}: rendered for '{await page.TextContentAsync("#session")}', the tab's is '{session}'");
            Assert.Equal(session, await OwnAsync(page));
            Assert.Equal(0, await MismatchesAsync(page));
        }

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(2, server.Visits.Count(visit => visit.Path == "/answer" && visit.Session == session));
        Assert.DoesNotContain(await Context.CookiesAsync(), cookie => cookie.Name.StartsWith("SessionLifetime.Relay", StringComparison.Ordinal));
        var id = await page.EvaluateAsync<string>("() => window[Symbol.for('session-lifetime')].headers()['X-Session-Id']");
        Assert.DoesNotContain(server.Visits, visit => visit.Headers.Cookie.ToString().Contains(id, StringComparison.Ordinal));
        Assert.DoesNotContain(id, await page.ContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_tabs_and_windows_have_sessions_of_their_own()
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenTabAsync(server);
        var first = await OwnAsync(page);
        var seen = new HashSet<string> { first };
        foreach (var open in new Func<Task>[]
        {
            () => page.ClickAsync("#a", new() { Modifiers = [KeyboardModifier.Control] }),
            () => page.ClickAsync("#blank"),
            () => page.ClickAsync("#opener"),
            () => page.EvaluateAsync("() => { window.open('/opened'); }"),
            () => page.EvaluateAsync("() => { window.open('/opened', '_blank', 'noopener'); }"),
        })
        {
            var tab = await Context.RunAndWaitForPageAsync(open);
            await SettleAsync(tab);
            await Assertions.Expect(tab.Locator("#session")).ToHaveTextAsync(await OwnAsync(tab));
            Assert.True(seen.Add(await OwnAsync(tab)));
        }

        Assert.Equal(first, await OwnAsync(page));
        await page.ClickAsync("#b");
        await Assertions.Expect(page.Locator("#session")).ToHaveTextAsync(first);
        Assert.Equal(6, server.Sessions.Count);
    }

    [Fact]
    public async Task A_page_that_was_not_left_after_all_goes_on_with_its_tokens_and_leaves_none_to_others()
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenTabAsync(server);
        var session = await OwnAsync(page);
        for (var round = 0; round < 2; round++)
        {
            await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#file"));
            await page.EvaluateAsync("() => document.querySelector('#nothing').click()");
            await page.EvaluateAsync("() => { location.href = 'mailto:ada@example.com'; }");
            await page.WaitForFunctionAsync("() => !document.cookie.includes('SessionLifetime.Relay')");
            await page.WaitForFunctionAsync("round => performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/relay')).length > round + 1", round);
        }

        await page.ClickAsync("#a");
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("/a");
        Assert.Equal(session, await page.TextContentAsync("#session"));
        var other = await OpenTabAsync(server);
        Assert.NotEqual(session, await other.TextContentAsync("#session"));
        Assert.Equal(0, await MismatchesAsync(other));
    }

    [Fact]
    public async Task A_page_that_is_left_for_another_origin_leaves_no_token()
    {
        await using var server = await NavigationServer.StartAsync();
        var reader = await OpenTabAsync(server, "/public");
        var page = await OpenTabAsync(server);
        Assert.Contains("SessionLifetime.Relay", await LeaveAsync("/a"), StringComparison.Ordinal);
        await SettleAsync(page);
        Assert.DoesNotContain("SessionLifetime.Relay", await LeaveAsync(server.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/b"), StringComparison.Ordinal);

        // Heard after the module's own listener, and read in a tab that stays where it is.
        async Task<string> LeaveAsync(string to)
        {
            await page.EvaluateAsync("() => addEventListener('beforeunload', () => localStorage.setItem('left', document.cookie))");
            await page.EvaluateAsync("to => { location.href = to; }", to);
            await Assertions.Expect(page.Locator("#path")).ToContainTextAsync(to[^2..]);
            return await reader.EvaluateAsync<string>("() => localStorage.getItem('left')");
        }
    }

    [Fact]
    public async Task A_page_that_was_rendered_for_another_tab_says_so_and_is_loaded_anew_once()
    {
        await using var server = await NavigationServer.StartAsync();
        var (page, other) = (await OpenTabAsync(server), await OpenTabAsync(server, "/second"));
        var (own, theirs) = (await OwnAsync(page), await OwnAsync(other));

        // As if both had left at the same moment for the same address, and neither had waited: FNV-1a of "swapped", and later than all.
        var target = "swapped".Aggregate(2166136261u, static (hash, character) => (hash ^ character) * 16777619u);
        await Context.AddCookiesAsync([new() { Name = "SessionLifetime.Relay.zz", Value = $"{await TokenAsync(other)}~99999999999999~{target:x}", Url = server.Url }]);
        await page.EvaluateAsync("() => { location.href = '/swapped'; }");
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("/swapped");
        await Assertions.Expect(page.Locator("#session")).ToHaveTextAsync(own);
        await SettleAsync(page);

        Assert.Equal([theirs, own], server.Visits.Where(visit => visit.Path == "/swapped").Select(visit => visit.Session));
        Assert.Equal(1, await MismatchesAsync(page));
        Assert.Equal(own, await OwnAsync(page));
    }

    [Fact]
    public async Task A_page_that_is_left_waits_for_a_request_to_the_same_address_but_not_for_one_that_says_the_same_and_never_for_long()
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenTabAsync(server);
        var session = await OwnAsync(page);
        await page.EvaluateAsync("() => window[Symbol.for('session-lifetime')].leave()");

        Assert.InRange(await LeaveAsync("ended.Exited.AAAAAAAAAAA.1"), 400, 1000);
        Assert.InRange(await LeaveAsync($"ended.Exited.{session}.1"), 0, 250);

        // As if another page had left at this moment, for an address it does not know.
        async Task<double> LeaveAsync(string token) => await page.EvaluateAsync<double>(
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

    [Fact]
    public async Task Two_hundred_random_navigations_in_two_tabs_swap_no_session()
    {
        await using var server = await NavigationServer.StartAsync();
        var random = new Random(4711);
        IPage[] tabs = [await OpenTabAsync(server), await OpenTabAsync(server)];
        var owns = new[] { await OwnAsync(tabs[0]), await OwnAsync(tabs[1]) };
        for (var round = 0; round < 100; round++)
        {
            server.Before = round % 3 == 0 ? static context => Task.Delay(context.Request.Path.Value!.Length % 3 * 20) : null;
            await Task.WhenAll(tabs.Select((tab, index) => NavigateAsync(tab, random.Next(9), owns[index], $"round {round} tab {index}")));
        }

        // What is done is done in the right one; what was only shown, at the same instant on a busy machine, was noticed and loaded anew.
        var posts = server.Visits.Where(static visit => visit.Method == "POST" && visit.Status < 400 && !string.IsNullOrEmpty(visit.From)).ToList();
        Assert.InRange(posts.Count, 10, 60);
        Assert.All(posts, static visit => Assert.Equal(visit.From, visit.Session));
        var mismatches = await MismatchesAsync(tabs[0]) + await MismatchesAsync(tabs[1]);
        TestContext.Current.TestOutputHelper?.WriteLine($"{mismatches} pages of 200 were loaded anew:{await WhereAsync(tabs[0])}{await WhereAsync(tabs[1])}");
        static Task<string> WhereAsync(IPage tab) => tab.EvaluateAsync<string>("() => sessionStorage.getItem('where') ?? ''");

        static async Task NavigateAsync(IPage tab, int kind, string own, string what)
        {
            await tab.EvaluateAsync("() => { window.old = true; }");
            await (kind switch
            {
                0 => tab.ClickAsync("#a"),
                1 => tab.ClickAsync("#b"),
                2 => tab.ClickAsync("#c"),
                3 => tab.ReloadAsync(),
                4 => tab.GotoAsync(new Uri(new Uri(tab.Url), "/typed").ToString()),
                5 => tab.ClickAsync("#post button"),
                6 => tab.ClickAsync("#redirect"),
                7 => tab.ClickAsync("#get button"),
                _ => tab.EvaluateAsync("() => { location.href = '/a'; }"),
            });
            await tab.WaitForFunctionAsync("() => !window.old");
            await SettleAsync(tab);
            await Assertions.Expect(tab.Locator("#session")).ToHaveTextAsync(own, new() { Timeout = 10_000 });
            await SettleAsync(tab);
            Assert.True(own == await OwnAsync(tab), $"{what}, kind {kind}: swapped");
        }
    }

    [Fact]
    public async Task Back_to_a_page_that_the_browser_has_kept_goes_on_in_its_session()
    {
        await using var server = await NavigationServer.StartAsync();
        await using var bare = await BareChromium.StartAsync();
        var tab = await bare.OpenAsync(server.Url + "/first");
        const string Ready = "!!window[Symbol.for('session-lifetime')]?.status && performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/relay') && entry.responseEnd)";
        const string Own = "window[Symbol.for('session-lifetime')].status.session";
        await tab.WaitForAsync(Ready);
        var session = (await tab.EvaluateAsync(Own))!.GetValue<string>();

        // A page of nobody's is kept as it is; one of the session's is not stored, and is kept only where no cookie has changed.
        foreach (var path in new[] { "/public", "/a" })
        {
            await tab.EvaluateAsync($"location.href = '{path}'");
            await tab.WaitForAsync($"location.pathname === '{path}' && {Ready}");
            await tab.EvaluateAsync("window.kept = true; addEventListener('pageshow', ({ persisted }) => { window.back = persisted; }); location.href = '/b'");
            await tab.WaitForAsync($"location.pathname === '/b' && {Ready}");
            await tab.EvaluateAsync("history.back()");
            await tab.WaitForAsync($"location.pathname === '{path}' && {Ready}");
            Assert.Equal(path == "/public", (await tab.EvaluateAsync("!!window.back"))!.GetValue<bool>());
            await tab.WaitForAsync($"{Own} === '{session}'");
            await tab.EvaluateAsync("document.querySelector('#c').click()");
            await tab.WaitForAsync($"location.pathname === '/c' && {Ready}");
            Assert.Equal(session, (await tab.EvaluateAsync("document.querySelector('#session').textContent"))!.GetValue<string>());
        }

        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task Where_beforeunload_is_missing_links_and_forms_and_scripts_have_the_session_of_their_tab_all_the_same()
    {
        await using var server = await NavigationServer.StartAsync();
        await using var phone = await Chromium.NewContextAsync(new() { UserAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15" });
        foreach (var hasNavigation in new[] { true, false })
        {
            var page = await phone.NewPageAsync();
            if (!hasNavigation)
            {
                await page.AddInitScriptAsync("Reflect.deleteProperty(window, 'navigation')");
            }

            await page.GotoAsync(server.Url + "/first");
            await SettleAsync(page);
            var session = await OwnAsync(page);
            var before = server.Visits.Count;
            foreach (var (click, leads) in new[] { ("#a", "/a"), ("#post button", "/posted"), ("#answer button", "/answer"), ("#redirect", "/landed"), ("#get button", "/found") })
            {
                await page.ClickAsync(click);
                await Assertions.Expect(page.Locator("#path")).ToContainTextAsync(leads);
                await SettleAsync(page);
                Assert.Equal((click, session), (click, await page.TextContentAsync("#session")));
            }

            var visits = server.Visits.Skip(before).Where(static visit => visit.Session is not null).ToList();
            Assert.True(visits.Count >= 5, $"Only {visits.Count} visits had a session.");
            Assert.All(visits, visit => Assert.Equal(session, visit.Session));
            var other = await phone.RunAndWaitForPageAsync(() => page.ClickAsync("#blank"));
            await SettleAsync(other);
            Assert.NotEqual(session, await OwnAsync(other));

            // What nothing tells of is noticed, and loaded anew.
            await page.ReloadAsync();
            await Assertions.Expect(page.Locator("#session")).ToHaveTextAsync(session);
        }
    }

    [Fact]
    public async Task Without_cookies_pages_work_as_they_can_and_are_not_loaded_over_and_over()
    {
        await using var server = await NavigationServer.StartAsync(options => options.UnconfirmedTimeout = TimeSpan.FromSeconds(1));
        var page = await Context.NewPageAsync();
        await page.RouteAsync("**", async route =>
        {
            var headers = route.Request.Headers.Where(header => header.Key != "cookie").ToDictionary();
            var answer = await route.FetchAsync(new() { Headers = headers, MaxRedirects = 0 });
            await route.FulfillAsync(new() { Response = answer, Headers = answer.Headers.Where(header => header.Key != "set-cookie").ToDictionary() });
        });
        await page.AddInitScriptAsync("Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} })");
        await page.GotoAsync(server.Url + "/first");
        await page.WaitForFunctionAsync("() => window[Symbol.for('session-lifetime')]?.status");
        var own = await OwnAsync(page);
        for (var i = 0; i < 3; i++)
        {
            await page.ClickAsync("#a");
            await page.WaitForFunctionAsync("() => window[Symbol.for('session-lifetime')]?.status");
            await page.ClickAsync("#b");
            await page.WaitForFunctionAsync("() => window[Symbol.for('session-lifetime')]?.status");
            Assert.Equal(own, await OwnAsync(page));
        }

        // The pages; not those that look up the tab's session.
        Assert.InRange(server.Visits.Count(visit => visit.Path is "/a" or "/b" && visit.Session is not null), 6, 7);
        await Eventually.BecomesTrueAsync(() => server.Sessions.Count == 1, () => $"one session, not {server.Sessions.Count}");
    }

    private static async Task<string> TokenAsync(IPage page) => await page.EvaluateAsync<string>(
        """
        async () => {
          const answer = await window[Symbol.for('session-lifetime')].fetch('/_session/relay', { method: 'POST' });
          return (await answer.json()).tokens[0];
        }
        """);

    private async Task<IPage> OpenTabAsync(NavigationServer server, string path = "/first")
    {
        var page = await Context.NewPageAsync();
        await page.AddInitScriptAsync(
            """
            addEventListener('sessionlifetime:mismatch', ({ detail }) => {
              sessionStorage.setItem('mismatches', +(sessionStorage.getItem('mismatches') ?? 0) + 1);
              sessionStorage.setItem('where', `${sessionStorage.getItem('where') ?? ''} ${location.href} for ${detail.renderedFor} in ${detail.session}`);
            });
            """);
        await page.GotoAsync(server.Url + path);
        await SettleAsync(page);
        return page;
    }

    /// <summary>Waits until the page has its session, and tokens for the next navigation.</summary>
    private static async Task SettleAsync(IPage page) => await page.WaitForFunctionAsync(
        "() => window[Symbol.for('session-lifetime')]?.status && performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/relay') && entry.responseEnd)");

    private static Task<string> OwnAsync(IPage page) => page.EvaluateAsync<string>("() => window[Symbol.for('session-lifetime')].status.session");

    private static Task<int> MismatchesAsync(IPage page) => page.EvaluateAsync<int>("() => +(sessionStorage.getItem('mismatches') ?? 0)");
}
