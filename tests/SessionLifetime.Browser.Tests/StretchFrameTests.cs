using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>A browser without script: the hidden frame that keeps the session as long as a page is open.</summary>
[ChromiumOnly("the other drivers switch scripts off for a page by its sandbox only, which stops the frame from loading itself anew, too; `NoScriptTests` has the rest")]
public sealed class StretchFrameTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    protected override BrowserNewContextOptions ContextOptions => new() { JavaScriptEnabled = false };

    [Fact]
    public async Task A_page_left_open_for_five_timeouts_keeps_its_session_and_the_frameworks_own_and_the_sign_in_and_ends_when_it_is_closed()
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
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/begin");
        await page.GotoAsync(server.Url + "/a");
        var session = await page.TextContentAsync("#session");
        var cdp = await Context.NewCDPSessionAsync(page);
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
        var other = await Context.NewPageAsync();
        await other.GotoAsync(server.Url + "/ask");
        Assert.Equal("Ada ada", await other.TextContentAsync("body"));
        await other.CloseAsync();
        await page.ClickAsync("#b");
        Assert.Equal(session, await page.TextContentAsync("#session"));

        var closed = DateTimeOffset.UtcNow;
        await page.CloseAsync();
        var (reason, at) = await ended.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(SessionEndReason.SignalLost, reason);
        Assert.InRange(at - closed, s_timeout, (2 * s_timeout) + TimeSpan.FromSeconds(3));

        async Task<int> HistoryAsync() => (await cdp.SendAsync("Page.getNavigationHistory"))!.Value.GetProperty("entries").GetArrayLength();
    }

    [Fact]
    public async Task When_its_session_has_ended_the_frame_rests_and_the_next_page_is_the_landing_page()
    {
        await using var server = await StartAsync(options =>
        {
            options.StretchInterval = TimeSpan.FromSeconds(1);
            options.ExpiredPath = "/expired";
        });
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/first");
        await Eventually.BecomesTrueAsync(() => server.Calls("stretch").Count >= 2, () => "a frame that refreshes itself");
        var session = await page.TextContentAsync("#session");
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

        await page.ClickAsync("#a");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Expired");
        Assert.Equal(0, server.Sessions.Count);
        await page.GotoAsync(server.Url + "/a");
        Assert.NotEqual(session, await page.TextContentAsync("#session"));
        Assert.Equal(1, server.Sessions.Count);
    }

    private static Task<NavigationServer> StartAsync(Action<SessionLifetimeOptions>? configure = null) =>
        NavigationServer.StartAsync(configure, static sessions => sessions.AddNavigationRelay().AddCookieTransport());
}
