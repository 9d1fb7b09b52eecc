using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>Plain pages: tabs that come back from another site, downloads, the first page, and what follows the end.</summary>
[ChromiumOnly("written for Playwright; `NavigationCases` has every kind of return, `LeavingCases` the download")]
public sealed class ReturnTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Theory]
    [InlineData("link")]
    [InlineData("redirect")]
    [InlineData("script")]
    [InlineData("form by GET")]
    [InlineData("typed")]
    [InlineData("Back")]
    public async Task Whoever_comes_back_from_another_site_is_in_the_session_of_the_tab_and_in_no_other(string way)
    {
        await using var server = await NavigationServer.StartAsync();
        await using var other = await OtherAsync(server.Url);
        var page = await OpenTabAsync(server, "/first");
        var own = await OwnAsync(page);
        await page.EvaluateAsync("to => { location.href = to; }", Site(other));
        await Assertions.Expect(page.Locator("#back")).ToBeVisibleAsync();
        await (way switch
        {
            "link" => page.ClickAsync("#back"),
            "redirect" => page.ClickAsync("#redirect"),
            "script" => page.EvaluateAsync("to => { location.href = to; }", server.Url + "/a?code=1"),
            "form by GET" => page.ClickAsync("#form button"),
            "typed" => page.GotoAsync(server.Url + "/a?code=1"),
            _ => page.EvaluateAsync("() => history.back()"),
        });
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync(way == "Back" ? "/first" : "/a");
        await SettleAsync(page);

        Assert.Equal(own, await page.TextContentAsync("#session"));
        var ran = server.Visits.Where(visit => visit.Path == (way == "Back" ? "/first" : "/a") && visit.Session is not null).Select(static visit => visit.Session).ToArray();
        Assert.Equal(way == "Back" ? [own, own] : [own], ran);
        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(0, await MismatchesAsync(page));

        // And from there it goes on as ever.
        await page.ClickAsync("#b");
        await Assertions.Expect(page.Locator("#session")).ToHaveTextAsync(own);
    }

    [Fact]
    public async Task A_new_tab_that_another_site_opens_has_a_session_of_its_own_and_its_endpoint_runs_once()
    {
        await using var server = await NavigationServer.StartAsync();
        await using var other = await OtherAsync(server.Url);
        var own = await OwnAsync(await OpenTabAsync(server, "/first"));
        var page = await Context.NewPageAsync();
        await page.GotoAsync(Site(other));
        var tab = await Context.RunAndWaitForPageAsync(() => page.ClickAsync("#tab"));
        await Assertions.Expect(tab.Locator("#path")).ToContainTextAsync("/a");
        await SettleAsync(tab);

        Assert.NotEqual(own, await OwnAsync(tab));
        Assert.Equal([await OwnAsync(tab)], server.Visits.Where(static visit => visit.Path == "/a" && visit.Session is not null).Select(static visit => visit.Session));
        Assert.Equal(2, server.Sessions.Count);
    }

    [Fact]
    public async Task Without_script_whoever_comes_back_goes_on_with_the_cookie()
    {
        await using var server = await NavigationServer.StartAsync(null, static sessions => sessions.AddNavigationRelay().AddCookieTransport());
        await using var other = await OtherAsync(server.Url);
        await using var plain = await Chromium.NewContextAsync(new() { JavaScriptEnabled = false });
        var page = await plain.NewPageAsync();
        await page.GotoAsync(server.Url + "/first");
        var own = (await page.TextContentAsync("#session"))!;
        await page.GotoAsync(server.Url + "/second");
        await page.GotoAsync(Site(other));
        await page.ClickAsync("#back");

        await Assertions.Expect(page.Locator("#session")).ToHaveTextAsync(own);
        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task A_form_that_another_site_posts_sees_no_session_and_what_it_redirects_to_sees_the_tabs()
    {
        await using var server = await NavigationServer.StartAsync(null, static sessions => sessions.AddNavigationRelay(), static app => app.Use(static (context, next) =>
        {
            // As a sign-in that comes back by a form does: no antiforgery token, and a redirect.
            if (context.Request.Path == "/signin")
            {
                context.Items["session"] = context.GetTabSession()?.Id;
                context.Response.Redirect("/a");
                return Task.CompletedTask;
            }

            return next(context);
        }));
        await using var other = await OtherAsync(server.Url);
        var page = await OpenTabAsync(server, "/first");
        var own = await OwnAsync(page);
        await page.GotoAsync(Site(other));
        await page.ClickAsync("#post button");
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("/a");
        await SettleAsync(page);

        Assert.Null(Assert.Single(server.Visits, static visit => visit.Path == "/signin").Session);
        Assert.Equal([own], server.Visits.Where(static visit => visit.Path == "/a" && visit.Session is not null).Select(static visit => visit.Session));
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_link_with_download_has_the_session_of_its_tab(bool hasNavigation)
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await Context.NewPageAsync();
        if (!hasNavigation)
        {
            await page.AddInitScriptAsync("Reflect.deleteProperty(window, 'navigation')");
        }

        await page.GotoAsync(server.Url + "/first");
        await SettleAsync(page);
        for (var i = 1; i < 4; i++)
        {
            await page.RunAndWaitForDownloadAsync(() => page.ClickAsync("#download"));
            await page.WaitForFunctionAsync("() => !document.cookie.includes('SessionLifetime.Relay')");
            Assert.Equal(i, server.Visits.Count(static visit => visit.Path == "/plain"));

            // It has been given another token.
            await page.WaitForFunctionAsync("count => performance.getEntriesByType('resource').filter(entry => entry.name.endsWith('/relay') && entry.responseEnd).length > count", i);
        }

        var own = await OwnAsync(page);
        Assert.All(server.Visits.Where(static visit => visit.Path == "/plain"), visit => Assert.Equal(own, visit.Session));
    }

    [Fact]
    public async Task Back_to_a_first_page_that_was_rendered_without_a_session_is_loaded_once()
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await OpenTabAsync(server, "/bare");
        Assert.Equal("", await page.TextContentAsync("#session"));
        await page.ClickAsync("#a");
        await SettleAsync(page);
        await page.GoBackAsync();
        await SettleAsync(page);
        await page.WaitForTimeoutAsync(500);

        Assert.Equal(0, await MismatchesAsync(page));
        Assert.InRange(server.Visits.Count(static visit => visit.Path == "/bare"), 1, 2);
    }

    [Fact]
    public async Task Back_to_it_from_the_cache_is_no_mismatch_either()
    {
        await using var server = await NavigationServer.StartAsync();
        await using var bare = await BareChromium.StartAsync();
        var tab = await bare.OpenAsync(server.Url + "/bare");
        const string Ready = "!!window[Symbol.for('session-lifetime')]?.status && performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/relay') && entry.responseEnd)";
        await tab.WaitForAsync(Ready);
        await tab.EvaluateAsync("window.kept = true; addEventListener('sessionlifetime:mismatch', () => { window.mismatch = true; }); addEventListener('sessionlifetime:resumed', () => { window.resumed = true; }); document.querySelector('#public').click()");
        await tab.WaitForAsync($"location.pathname === '/public' && {Ready}");
        await tab.EvaluateAsync("history.back()");
        await tab.WaitForAsync("location.pathname === '/bare' && window.resumed === true");
        await Task.Delay(500);

        Assert.True((await tab.EvaluateAsync("window.kept === true && !window.mismatch"))!.GetValue<bool>());
        Assert.Single(server.Visits, static visit => visit.Path == "/bare");
    }

    [Fact]
    public async Task After_the_end_the_button_of_the_window_leads_to_a_new_session_and_not_to_the_page_that_says_it_again()
    {
        await using var server = await NavigationServer.StartAsync(static options => options.ExpiredPath = "/expired");
        var page = await OpenTabAsync(server, "/first");
        var own = await OwnAsync(page);
        await EndAsync(server, page);
        await page.Part("stay").ClickAsync();
        await page.WaitForFunctionAsync("own => window[Symbol.for('session-lifetime')]?.status && document.querySelector('#session').textContent !== own", own);
        await SettleAsync(page);

        Assert.Equal("/first", new Uri(page.Url).AbsolutePath);
        Assert.Equal(await OwnAsync(page), await page.TextContentAsync("#session"));
        Assert.Equal(1, server.Sessions.Count);
        Assert.DoesNotContain(server.Visits, static visit => visit.Path == "/expired");
    }

    [Fact]
    public async Task The_page_for_expired_sessions_says_it_once_and_starts_none_and_its_links_lead_to_a_new_one()
    {
        await using var server = await NavigationServer.StartAsync(static options => options.ExpiredPath = "/expired");
        var page = await OpenTabAsync(server, "/first");
        await EndAsync(server, page);
        await page.Keyboard.PressAsync("Escape");
        await page.ClickAsync("#a");
        await page.LeadsToAsync("/expired");
        await page.WaitForFunctionAsync("() => !window[Symbol.for('session-lifetime')]");
        await page.WaitForTimeoutAsync(500);
        Assert.Equal(0, server.Sessions.Count);
        Assert.Equal(0, await page.Locator("session-countdown").CountAsync());

        await page.ClickAsync("#home");
        await Assertions.Expect(page.Locator("#path")).ToContainTextAsync("/home");
        await SettleAsync(page);
        Assert.Equal(await OwnAsync(page), await page.TextContentAsync("#session"));
    }

    [Fact]
    public async Task A_page_that_starts_none_joins_the_session_of_its_tab_and_forgets_one_that_has_ended()
    {
        await using var server = await NavigationServer.StartAsync();
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/good-bye");
        await page.WaitForFunctionAsync("() => !window[Symbol.for('session-lifetime')]");
        Assert.Equal(0, server.Sessions.Count);

        await page.GotoAsync(server.Url + "/first");
        await SettleAsync(page);
        var own = await OwnAsync(page);
        await page.GotoAsync(server.Url + "/good-bye");
        await SettleAsync(page);
        Assert.Equal(own, await OwnAsync(page));

        await server.Sessions.EndAllAsync();
        await page.ReloadAsync();
        await page.WaitForFunctionAsync("() => !window[Symbol.for('session-lifetime')]");
        Assert.Equal(0, await page.Locator("session-countdown").CountAsync());
        Assert.Equal(0, server.Sessions.Count);
    }

    [Fact]
    public async Task Planted_marks_lead_no_typed_address_and_no_new_tab_astray()
    {
        await using var server = await NavigationServer.StartAsync(static options => options.ExpiredPath = "/expired");
        var page = await OpenTabAsync(server, "/first");
        var own = await OwnAsync(page);
        for (var i = 0; i < 30; i++)
        {
            await Context.AddCookiesAsync([new() { Name = $"SessionLifetime.Relay.x{i}", Value = i % 2 == 0 ? "ended~0~0" : $"ended-Exited.AAAAAAAAAAA~{99999999999999 - i}~0", Url = server.Url }]);
        }

        await page.GotoAsync(server.Url + "/typed");
        await Assertions.Expect(page.Locator("#session")).ToHaveTextAsync(own);
        await SettleAsync(page);
        var tab = await OpenTabAsync(server, "/second");
        Assert.Equal(await OwnAsync(tab), await tab.TextContentAsync("#session"));
    }

    private static async Task EndAsync(NavigationServer server, IPage page)
    {
        await server.Sessions.EndAllAsync();
        await page.EvaluateAsync("() => window[Symbol.for('session-lifetime')].check()");
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
    }

    private static string Site(TestServer other) => other.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/elsewhere";

    private static async Task<TestServer> OtherAsync(string url)
    {
        var other = await TestServer.StartAsync();
        other.Policy = "";
        other.Pages["/elsewhere"] = $"""
            <!doctype html><title>Elsewhere</title>
            <a id="back" href="{url}/a?code=1">back</a> <a id="redirect" href="/api/redirect?to={Uri.EscapeDataString(url + "/a?code=1")}">redirect</a>
            <a id="tab" href="{url}/a?code=1" target="_blank">tab</a>
            <form id="form" action="{url}/a"><input name="code" value="1"><button>Go</button></form>
            <form id="post" method="post" action="{url}/signin"><button>Post</button></form>
            """;
        return other;
    }

    private async Task<IPage> OpenTabAsync(NavigationServer server, string path)
    {
        var page = await Context.NewPageAsync();
        await page.AddInitScriptAsync("addEventListener('sessionlifetime:mismatch', () => sessionStorage.setItem('mismatches', +(sessionStorage.getItem('mismatches') ?? 0) + 1));");
        await page.GotoAsync(server.Url + path);
        await SettleAsync(page);
        return page;
    }

    /// <summary>Waits until the page has its session, and tokens for the next navigation.</summary>
    private static async Task SettleAsync(IPage page) => await page.WaitForFunctionAsync(
        "() => document.title !== '…' && window[Symbol.for('session-lifetime')]?.status && performance.getEntriesByType('resource').some(entry => entry.name.endsWith('/relay') && entry.responseEnd)");

    private static Task<string> OwnAsync(IPage page) => page.EvaluateAsync<string>("() => window[Symbol.for('session-lifetime')].status.session");

    private static Task<int> MismatchesAsync(IPage page) => page.EvaluateAsync<int>("() => +(sessionStorage.getItem('mismatches') ?? 0)");
}
