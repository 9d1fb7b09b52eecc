namespace SessionLifetime.Browser.Tests;

/// <summary>Hidden, frozen, crashed, cached and prerendered pages: what Playwright cannot show.</summary>
public sealed class LifecycleTests
{
    private const string Started = """
        (async () => {
          window.session = (await import('/_session/session-lifetime.js')).start();
          await session.ready;
          return true;
        })()
        """;

    private const string KeepsPrevious =
        "session.addEventListener('sessionlifetime:restarted', event => { window.previous = event.detail.previous.state; })";

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
    public async Task A_page_back_from_the_cache_is_a_new_page_of_the_same_session()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await tab.EvaluateAsync("window.marked = true");
        await tab.EvaluateAsync("location.href = '/next'");
        await tab.WaitForAsync("location.pathname === '/next' && document.readyState === 'complete'");
        await server.WaitForCallsAsync("attach", 2);
        await server.WaitForCallsAsync("detach", 1);
        Assert.True(server.Calls("detach")[0].Json.GetProperty("persisted").GetBoolean());
        await tab.EvaluateAsync("history.back()");
        await tab.WaitForAsync("window.marked === true");
        await server.WaitForCallsAsync("attach", 3);

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal([201, 200, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(3, server.Calls("attach").Select(call => call.PageId).Distinct().Count());
    }

    [Fact]
    public async Task A_page_back_from_the_cache_after_its_sessions_end_starts_anew()
    {
        await using var server = await TestServer.StartAsync();
        await using var chromium = await BareChromium.StartAsync();
        var tab = await OpenAsync(chromium, server);
        await tab.EvaluateAsync(KeepsPrevious);
        await tab.EvaluateAsync("location.href = '/next'");
        await server.WaitForCallsAsync("attach", 2);
        await server.EndAllAsync(SessionEndReason.SignalLost);
        await tab.EvaluateAsync("history.back()");

        await tab.WaitForAsync("window.previous === 'ended'");
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
        await server.WaitForCallsAsync("attach", 1);

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
