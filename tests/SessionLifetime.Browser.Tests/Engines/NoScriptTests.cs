using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Pages whose scripts the browser does not run: one session in a cookie.</summary>
public sealed class NoScriptTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    /// <summary>Of such a page every browser shows what is for one without scripts.</summary>
    private const string WithoutScripts = "sandbox allow-same-origin allow-forms allow-popups";

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "what WebDriver runs in a page whose scripts are off does not always come back")]
    public async Task Links_and_forms_and_tabs_have_the_one_session_of_the_browser(EngineKind engine)
    {
        await using var server = await StartAsync();
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/first");
        var session = await page.TextAsync("#session");
        Assert.NotEmpty(session!);
        foreach (var (click, leads) in new[] { ("#a", "/a"), ("#post button", "/posted"), ("#answer button", "/answer"), ("#redirect", "/landed"), ("#get button", "/found") })
        {
            await page.ReplaceAsync(() => page.ClickAsync(click));
            await page.ContainsAsync("#path", leads);
            Assert.Equal(session, await page.TextAsync("#session"));
        }

        var other = await (await BrowserAsync(engine)).NewTabAsync();
        await other.GoToAsync(server.Url + "/b");
        Assert.Equal(session, await other.TextAsync("#session"));
        Assert.Equal(1, server.Sessions.Count);
        var cookie = Assert.Single(await (await BrowserAsync(engine)).CookiesAsync(page), cookie => cookie.Name == "SessionLifetime.Session");
        Assert.Equal((true, "lax", true), (cookie.IsHttpOnly, cookie.SameSite, cookie.EndsWithBrowser));
        Assert.DoesNotContain(cookie.Value, await other.EvaluateAsync<string>("return document.documentElement.outerHTML;"), StringComparison.Ordinal);
    }

    [Theory]
    [EngineCase]
    public async Task Whoever_comes_back_from_another_site_goes_on_with_the_cookie(EngineKind engine)
    {
        await using var server = await StartAsync();
        await using var elsewhere = await ForeignSite.StartAsync(server.Url);
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/first");
        var own = (await page.TextAsync("#session"))!;
        await page.GoToAsync(server.Url + "/second");
        await page.GoToAsync(elsewhere.Url + "/");
        await page.ClickAsync("#link");

        await page.ShowsAsync("#session", own);
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task With_script_on_no_frame_is_asked_for_and_tabs_are_told_apart(EngineKind engine)
    {
        await using var server = await StartAsync(options => options.StretchInterval = TimeSpan.FromSeconds(1));
        server.Policy = "";
        var browser = await BrowserAsync(engine);
        var (first, second) = (await browser.NewTabAsync(), await browser.NewTabAsync());
        await Task.WhenAll(first.GoToAsync(server.Url + "/first"), second.GoToAsync(server.Url + "/second"));
        foreach (var page in new[] { first, second })
        {
            await page.WaitForAsync("window[Symbol.for('session-lifetime')]?.status?.session === document.querySelector('#session').textContent");
        }

        await Eventually.BecomesTrueAsync(() => server.Sessions.Count == 2, () => string.Create(CultureInfo.InvariantCulture, $"two sessions, not {server.Sessions.Count}"));
        Assert.NotEqual(await first.TextAsync("#session"), await second.TextAsync("#session"));
        await Eventually.BecomesTrueAsync(() => browser.CookiesAsync(first).Result.All(static cookie => cookie.Name != "SessionLifetime.Session"), () => "no id in a cookie");

        // The frame would have been asked for with the page itself, and again after a second.
        await Task.Delay(TimeSpan.FromSeconds(1.2));
        Assert.Empty(server.Calls("stretch"));
    }

    private static async Task<NavigationServer> StartAsync(Action<SessionLifetimeOptions>? configure = null)
    {
        var server = await NavigationServer.StartAsync(configure, static sessions => sessions.AddNavigationRelay().AddCookieTransport());
        server.Policy = WithoutScripts;
        return server;
    }
}
