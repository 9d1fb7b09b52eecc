using SessionLifetime.Browser.Tests.Engines;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

/// <summary>Hidden, frozen, crashed, cached and prerendered pages: what Playwright cannot show.</summary>
[ChromiumOnly("frozen, crashed, restored and prerendered tabs, throttled timers, blocked cookies and insecure hosts come from DevTools and switches of Chromium; `KeptPageTests` has the rest")]
public sealed class LifecycleTests
{
    private const string Started = """
        (async () => {
          window.session = (await import('/_session/session-lifetime.js')).start();
          await session.ready;
          return true;
        })()
        """;

    [Fact]
    public async Task A_hidden_tab_whose_timers_are_slowed_down_pings_in_time()
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(5));
        await using var chromium = await BareChromium.StartAsync("--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/2");
        var tab = await OpenAsync(chromium, server);
        await chromium.OpenAsync("about:blank");
        await tab.WaitForAsync("document.hidden");
        await server.WaitForCallsAsync("ping", 6, TimeSpan.FromSeconds(45));

        var pings = server.Calls("ping");
        Assert.All(pings.Zip(pings.Skip(1), (a, b) => (b.At - a.At).TotalSeconds), gap => Assert.InRange(gap, 4.3, 6.2));
    }

    [Fact]
    public async Task A_frozen_tab_asks_when_it_wakes()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await chromium.OpenAsync("about:blank");
        await tab.WaitForAsync("document.hidden");
        await tab.SendAsync("Page.setWebLifecycleState", new { state = "frozen" });
        await server.EndAllAsync(SessionEndReason.SignalLost);

        // What was heard within the last second is not asked again.
        await Task.Delay(1100);
        await tab.SendAsync("Page.setWebLifecycleState", new { state = "active" });
        await chromium.ActivateAsync(tab);

        await tab.WaitForAsync("session.state === 'ended' && session.reason === 'SignalLost'");
    }

    [Fact]
    public async Task A_crashed_tab_still_says_good_bye()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        _ = tab.SendAsync("Page.crash").ContinueWith(static crash => crash.Exception, TaskScheduler.Default);

        await server.WaitForCallsAsync("detach", 1);
    }

    [Fact]
    public async Task Ten_tabs_restored_at_the_start_of_the_browser_go_on_with_a_session_each()
    {
        await using var server = await TestServer.StartAsync();
        var profile = Directory.CreateTempSubdirectory("session-lifetime-");
        await using (var chromium = await BareChromium.StartAsync(profile))
        {
            for (var i = 0; i < 10; i++)
            {
                await OpenAsync(chromium, server);
            }

            await chromium.QuitAsync();
        }

        Assert.Equal(10, server.Sessions.Count);
        await using (await BareChromium.StartAsync(profile, "--restore-last-session"))
        {
            // Chromium loads restored tabs one after the other, every three seconds or so.
            await server.WaitForCallsAsync("attach", 20, TimeSpan.FromSeconds(90));
            await Eventually.BecomesTrueAsync(() => server.Calls("attach").All(call => call.Status != 0), server.ToString);
        }

        Assert.Equal(Enumerable.Repeat(200, 10), server.Calls("attach").Skip(10).Select(call => call.Status));
        Assert.Equal(10, server.Calls("attach").Skip(10).Select(call => call.SessionId).Distinct().Count());
        Assert.Equal(10, server.Sessions.Count);
        profile.Delete(recursive: true);
    }

    [Fact]
    public async Task A_browser_that_was_closed_and_started_again_goes_on_with_its_session()
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-storage=\"browser\"";
        var profile = Directory.CreateTempSubdirectory("session-lifetime-");
        for (var i = 1; i < 3; i++)
        {
            await using var chromium = await BareChromium.StartAsync(profile);
            await OpenAsync(chromium, server);
            await server.WaitForCallsAsync("attach", i);

            // As its user quits it: it writes its storage to the disk.
            await chromium.QuitAsync();
        }

        Assert.Equal([201, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(1, server.Sessions.Count);
        profile.Delete(recursive: true);
    }

    [Fact]
    public async Task A_browser_that_blocks_cookies_has_a_session_as_long_as_the_page_is_open()
    {
        await using var server = await TestServer.StartAsync();
        var profile = Directory.CreateTempSubdirectory("session-lifetime-");
        await File.WriteAllTextAsync(Path.Combine(profile.CreateSubdirectory("Default").FullName, "Preferences"),
            """{ "profile": { "default_content_setting_values": { "cookies": 2 } } }""");
        await using (var chromium = await BareChromium.StartAsync(profile))
        {
            var tab = await OpenAsync(chromium, server);
            await tab.WaitForAsync("(() => { try { return !sessionStorage; } catch { return true; } })()");
            var session = await tab.EvaluateAsync("fetch('/api').then(answer => answer.json()).then(answer => answer.session)");
            Assert.NotNull(session);
            await tab.EvaluateAsync("session.check()");
            Assert.Equal("active", (await tab.EvaluateAsync("session.state"))!.GetValue<string>());

            // Nothing is left that could tell the next page who it was.
            await tab.EvaluateAsync("location.reload()");
            await server.WaitForCallsAsync("attach", 2);
        }

        Assert.Equal([201, 201], server.Calls("attach").Select(call => call.Status));
        Assert.All(server.Requests, request => Assert.Empty(request.Headers.Cookie.ToString()));
        profile.Delete(recursive: true);
    }

    [Fact]
    public async Task A_prerendered_page_has_no_session_until_it_is_shown()
    {
        await using var server = await TestServer.StartAsync();
        server.Policy = "";
        server.Pages["/from"] = """
            <!doctype html><title>t</title>
            <script type="speculationrules">{ "prerender": [{ "urls": ["/shown"], "eagerness": "immediate" }] }</script>
            <script>setTimeout(() => { location.href = '/shown'; }, 2500);</script>
            """;
        await using var chromium = await BareChromium.StartAsync();

        // The DevTools protocol forbids prerendering in the pages it is attached to.
        await chromium.OpenUnattachedAsync(server.Url + "/from");
        await Eventually.BecomesTrueAsync(() => server.Requests.Any(request => request.Path == "/shown"), () => "a prerender");
        await Eventually.BecomesTrueAsync(() => server.Calls("attach").Any(static call => call.Status != 0), () => "an attach that was answered");

        var shown = server.Requests.First(request => request.Path == "/shown");
        Assert.Contains("prerender", shown.Headers["Sec-Purpose"].ToString(), StringComparison.Ordinal);
        Assert.True(server.Calls("attach")[0].At.TotalMilliseconds > 2400, server.ToString());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task On_an_insecure_origin_duplicates_are_found_without_locks()
    {
        await using var server = await TestServer.StartAsync();
        var url = $"http://intranet.test:{new Uri(server.Url).Port}/";
        await using var chromium = await BareChromium.StartAsync("--host-resolver-rules=MAP intranet.test 127.0.0.1");
        var tab = await chromium.OpenAsync(url);
        await tab.WaitForAsync(Started);
        await tab.WaitForAsync("!navigator.locks && !window.isSecureContext");
        await tab.SendAsync("Runtime.evaluate", new { expression = "void window.open(location.href)", userGesture = true });
        await server.WaitForCallsAsync("attach", 2);
        await tab.EvaluateAsync("location.reload()");
        await server.WaitForCallsAsync("attach", 3);

        Assert.Equal([201, 201, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(2, server.Sessions.Count);
    }

    private static async Task<BareTab> OpenAsync(BareChromium chromium, TestServer server)
    {
        var tab = await chromium.OpenAsync(server.Url);
        await tab.WaitForAsync("document.readyState === 'complete'");
        await tab.WaitForAsync(Started);
        return tab;
    }
}
