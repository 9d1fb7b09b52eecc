using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Plain pages where navigations meet, and where a browser has not all that the relay uses.</summary>
public sealed class RelayTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_hundred_random_navigations_in_two_tabs_swap_no_session(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = Mismatches.Watch;
        var random = new Random(4711);
        IEngineTab[] tabs = [await OpenAsync(engine, server), await OpenAsync(engine, server)];
        var owns = new[] { await tabs[0].SessionAsync(), await tabs[1].SessionAsync() };
        for (var round = 0; round < 50; round++)
        {
            server.Before = round % 3 == 0 ? static context => Task.Delay(context.Request.Path.Value!.Length % 3 * 20) : null;
            await Task.WhenAll(tabs.Select((tab, index) => NavigateAsync(tab, random.Next(9), owns[index], $"round {round} tab {index}")));
        }

        // What is done is done in the right one; what was only shown, at the same instant on a busy machine, was noticed and loaded anew.
        var posts = server.Visits.Where(static visit => visit.Method == "POST" && visit.Status < 400 && !string.IsNullOrEmpty(visit.From)).ToList();
        Assert.InRange(posts.Count, 5, 30);
        Assert.All(posts, static visit => Assert.Equal(visit.From, visit.Session));
        var mismatches = await tabs[0].MismatchesAsync() + await tabs[1].MismatchesAsync();
        TestContext.Current.TestOutputHelper?.WriteLine($"{mismatches} pages of 100 were loaded anew:{await tabs[0].WhereAsync()}{await tabs[1].WhereAsync()}");

        async Task NavigateAsync(IEngineTab tab, int kind, string own, string what)
        {
            await tab.ReplaceAsync(() => kind switch
            {
                0 => tab.ClickAsync("#a"),
                1 => tab.ClickAsync("#b"),
                2 => tab.ClickAsync("#c"),
                3 => tab.ReloadAsync(),
                4 => tab.GoToAsync(server.Url + "/typed"),
                5 => tab.ClickAsync("#post button"),
                6 => tab.ClickAsync("#redirect"),
                7 => tab.ClickAsync("#get button"),
                _ => tab.RunAsync("setTimeout(() => { location.href = '/a'; });"),
            });
            await tab.SettleAsync();
            await tab.ShowsAsync("#session", own);
            Assert.True(own == await tab.SettleAsync(), $"{what}, kind {kind}: swapped");
        }
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, "it keeps no page of the module for Back: a kept one sees its tab's storage as it was when it was left")]
    public async Task Back_to_a_page_that_the_browser_has_kept_goes_on_in_its_session(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        await BareBrowserAsync(engine);
        var tab = await OpenAsync(engine, server);
        var session = await tab.SessionAsync();

        // A page of nobody's is kept as it is; one of the session's is not stored: Chromium keeps it only where no cookie has changed.
        foreach (var path in new[] { "/public", "/a" })
        {
            await tab.GoToAsync(server.Url + path);
            await tab.SettleAsync();
            await tab.RunAsync("addEventListener('pageshow', ({ persisted }) => { window.isBack = persisted; }); setTimeout(() => { location.href = '/b'; });");
            await tab.WaitForAsync("location.pathname === '/b'");
            await tab.SettleAsync();
            await tab.ReplaceAsync(tab.BackAsync);
            await tab.WaitForAsync($"location.pathname === '{path}'");
            await tab.SettleAsync();
            Assert.True(await tab.EvaluateAsync<bool>("return !!window.isBack;") == (path == "/public") || engine != EngineKind.Chromium);
            Assert.Equal(session, await tab.SessionAsync());
            await tab.ReplaceAsync(() => tab.ClickAsync("#c"));
            await tab.SettleAsync();
            Assert.Equal(session, await tab.TextAsync("#session"));
        }

        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_is_left_twice_erases_the_later_token_only_in_its_own_time(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync();
        var tab = await OpenAsync(engine, server);
        await tab.SettleAsync();

        // As two downloads in a row do. What erases the cookie is a timer of two seconds.
        var erasing = await tab.EvaluateAsync<int>("""
            const [set, clear, waiting] = [setTimeout, clearTimeout, new Set()];
            window.setTimeout = (done, time, ...rest) => {
              const id = set(done, time, ...rest);
              if (time === 2000) waiting.add(id);
              return id;
            };
            window.clearTimeout = id => { waiting.delete(id); clear(id); };
            const counts = [1, 2].map(() => { dispatchEvent(new Event('beforeunload')); return waiting.size; });
            [window.setTimeout, window.clearTimeout] = [set, clear];
            return counts[0] * 10 + counts[1];
            """);

        Assert.Equal(11, erasing);
    }

    /// <summary>As on a phone whose browser has no such event, with the Navigation API and without.</summary>
    [Theory]
    [EngineCase]
    [Row(true)]
    [Row(false)]
    public async Task Where_beforeunload_is_missing_links_and_forms_have_the_session_of_their_tab_all_the_same(EngineKind engine, bool hasNavigation)
    {
        await using var server = await NavigationServer.StartAsync();
        server.First = $$"""
            Object.defineProperty(Navigator.prototype, 'userAgent', { get: () => 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15' });
            if (!{{(hasNavigation ? "true" : "false")}}) Reflect.deleteProperty(window, 'navigation');
            """;
        var page = await OpenAsync(engine, server);
        var session = await page.SessionAsync();
        foreach (var (click, leads) in new[] { ("#a", "/a"), ("#post button", "/posted"), ("#answer button", "/answer"), ("#redirect", "/landed"), ("#get button", "/found") })
        {
            await page.ReplaceAsync(() => page.ClickAsync(click));
            await page.WaitForAsync($"document.querySelector('#path')?.textContent.includes('{leads}')");
            await page.SettleAsync();
            Assert.Equal((click, session), (click, await page.TextAsync("#session")));
        }

        var visits = server.Visits.Where(static visit => visit.Session is not null).ToList();
        Assert.True(visits.Count >= 5, $"Only {visits.Count} visits had a session.");
        Assert.All(visits, visit => Assert.Equal(session, visit.Session));
        var other = await (await BrowserAsync(engine)).OpenedAsync(() => page.ClickAsync("#blank"));
        await other.WaitForAsync("document.querySelector('#session')");
        Assert.NotEqual(session, await other.SettleAsync());

        // What nothing tells of is noticed, and loaded anew.
        await page.ShowAsync();
        await page.ReloadAsync();
        await page.ShowsAsync("#session", session);
    }

    [Theory]
    [EngineCase]
    public async Task Without_cookies_pages_work_as_they_can_and_are_not_loaded_over_and_over(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync(
            static options => options.UnconfirmedTimeout = TimeSpan.FromSeconds(4),
            static sessions => sessions.AddNavigationRelay(),
            static app => app.Use(static (context, next) =>
            {
                context.Request.Headers.Remove("Cookie");
                context.Response.OnStarting(() =>
                {
                    context.Response.Headers.Remove("Set-Cookie");
                    return Task.CompletedTask;
                });
                return next(context);
            }));
        server.First = "Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} });";
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/first");
        var own = await page.SessionAsync();
        for (var i = 0; i < 3; i++)
        {
            foreach (var link in new[] { "#a", "#b" })
            {
                await page.ReplaceAsync(() => page.ClickAsync(link));
                Assert.Equal(own, await page.SessionAsync());
            }
        }

        // The pages; not those that look up the tab's session.
        Assert.InRange(server.Visits.Count(static visit => visit.Path is "/a" or "/b" && visit.Session is not null), 6, 7);
        await Eventually.BecomesTrueAsync(() => server.Sessions.Count == 1, () => $"one session, not {server.Sessions.Count}");
    }
}
