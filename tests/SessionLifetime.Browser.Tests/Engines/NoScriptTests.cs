using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Pages whose scripts the browser does not run: one session in a cookie, kept by a hidden frame as long as a page is open.</summary>
public sealed class NoScriptTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    /// <summary>Of such a page every browser shows what is for one without scripts.</summary>
    private const string WithoutScripts = "sandbox allow-same-origin allow-forms allow-popups";

    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    [Theory]
    [EngineCase]
    public async Task A_page_left_open_for_five_timeouts_keeps_its_session_and_the_frameworks_own_and_the_sign_in_and_ends_when_it_is_closed(EngineKind engine)
    {
        var ended = new TaskCompletionSource<(SessionEndReason Reason, DateTimeOffset At)>();
        await using var server = await NavigationServer.StartAsync(
            options =>
            {
                options.SessionTimeout = s_timeout;
                options.CountdownDuration = TimeSpan.FromSeconds(1);
                options.StretchInterval = TimeSpan.FromSeconds(1);
            },
            sessions =>
            {
                sessions.AddNavigationRelay().AddCookieTransport().OnApplicationExit(context => ended.TrySetResult((context.Reason, DateTimeOffset.UtcNow)));

                // The framework's own session, and a sign-in that slides: both would be over long before.
                sessions.Services.AddDistributedMemoryCache();
                sessions.Services.AddSession(static session => session.IdleTimeout = TimeSpan.FromSeconds(3));
                sessions.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme)
                    .AddCookie(static cookie => (cookie.ExpireTimeSpan, cookie.SlidingExpiration) = (TimeSpan.FromSeconds(4), true));
            },
            static app =>
            {
                app.UseSession();
                app.UseAuthentication();
                app.Use(static async (context, next) =>
                {
                    if (context.Request.Path == "/begin")
                    {
                        context.Session.SetString("name", "Ada");
                        await context.SignInAsync(new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "ada")], "cookie")));
                    }

                    if (context.Request.Path == "/ask")
                    {
                        await context.Response.WriteAsync($"{context.Session.GetString("name")} {context.User.Identity?.Name}");
                        return;
                    }

                    await next(context);
                });
            });
        server.Policy = WithoutScripts;
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/begin");
        await page.GoToAsync(server.Url + "/a");
        var session = await page.TextAsync("#session");
        var before = await HistoryAsync();

        // A stretch each second: without them all three would be over within four seconds.
        var begun = server.Calls("stretch").Count;
        await Eventually.BecomesTrueAsync(
            () => server.Calls("stretch").Count >= begun + 11,
            () => $"a frame that is loaded each second, but {server.Calls("stretch").Count}",
            within: TimeSpan.FromSeconds(30));

        var living = await server.Sessions.FindAsync(session!);
        Assert.Equal(SessionState.Active, living?.State);
        Assert.True(DateTimeOffset.UtcNow - living!.LastActivity > 4.5 * s_timeout);
        Assert.All(server.Calls("stretch"), call => Assert.Equal("iframe", call.Headers["Sec-Fetch-Dest"]));
        Assert.Equal(before, await HistoryAsync());
        Assert.Empty(server.Calls("session-lifetime.js"));
        var other = await (await BrowserAsync(engine)).NewTabAsync();
        await other.GoToAsync(server.Url + "/ask");
        Assert.Equal("Ada ada", await other.TextAsync("body"));
        await other.CloseAsync();
        await page.ReplaceAsync(() => page.ClickAsync("#b"));
        Assert.Equal(session, await page.TextAsync("#session"));

        // The last tab would take the driver's session along.
        await (await BrowserAsync(engine)).NewTabAsync();
        var closed = DateTimeOffset.UtcNow;
        await page.CloseAsync();
        var (reason, at) = await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(SessionEndReason.SignalLost, reason);
        Assert.InRange(at - closed, s_timeout, (2 * s_timeout) + TimeSpan.FromSeconds(3));

        Task<int> HistoryAsync() => page.EvaluateAsync<int>("return history.length;");
    }

    [Theory]
    [EngineCase]
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
    public async Task When_its_session_has_ended_the_frame_rests_and_the_next_page_is_the_landing_page(EngineKind engine)
    {
        await using var server = await StartAsync(options =>
        {
            options.StretchInterval = TimeSpan.FromSeconds(1);
            options.ExpiredPath = "/expired";
        });
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/first");
        await Eventually.BecomesTrueAsync(() => server.Calls("stretch").Count >= 2, () => "a frame that refreshes itself");
        var session = await page.TextAsync("#session");
        await server.Sessions.EndAsync(session!);
        var asked = 0;
        server.Before = context =>
        {
            asked += context.Request.Path == "/_session/stretch" ? 1 : 0;
            return Task.CompletedTask;
        };
        await Eventually.BecomesTrueAsync(() => asked > 0, () => "a frame that hears of the end");

        // Twice as long as a frame waits that does not rest.
        await Task.Delay(TimeSpan.FromSeconds(2.2));
        Assert.Equal(1, asked);

        await page.ReplaceAsync(() => page.ClickAsync("#a"));
        await page.ShowsAsync("h1", "Expired");
        Assert.Equal(0, server.Sessions.Count);
        await page.GoToAsync(server.Url + "/a");
        Assert.NotEqual(session, await page.TextAsync("#session"));
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
