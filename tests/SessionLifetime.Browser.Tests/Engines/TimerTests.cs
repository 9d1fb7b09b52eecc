using SessionLifetime.Browser.Tests.Fixtures;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>What the module costs a page that does nothing.</summary>
[Collection(Alone.Name)]
public sealed class TimerTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string Showing = "WebDriver shows all tabs at once";

    private const string Watch = """
        {
          const { setTimeout, clearTimeout } = window;
          const watch = window.watch = { pending: new Map(), ran: [], others: [] };
          window.setTimeout = (action, ms) => {
            const id = setTimeout(() => { watch.pending.delete(id); watch.ran.push(ms); action(); }, ms);
            // Those of half a minute and more are the driver's own.
            if (!(ms >= 25000)) watch.pending.set(id, ms);
            return id;
          };
          window.clearTimeout = id => { watch.pending.delete(id); clearTimeout(id); };
          for (const name of ['setInterval', 'requestAnimationFrame', 'requestIdleCallback']) window[name] = () => watch.others.push(name);
        }
        """;

    private const string Page = """
        <!doctype html><title>t</title>
        <script src="/watch.js"></script>
        <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
        """;

    [Theory]
    [EngineCase]
    public async Task While_the_countdown_shows_no_timer_is_faster_than_a_second(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 1);
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();
        await page.CallAsync("() => { watch.ran = []; watch.since = performance.now(); }");
        var pings = server.Calls("ping").Count;
        await server.WaitForCallsAsync("ping", pings + 2);

        // The countdown's, one each second, and those of the pings.
        var seconds = await page.CallAsync<double>("() => (performance.now() - watch.since) / 1000");
        var ran = await page.CallAsync<double[]>("() => watch.ran");
        Assert.InRange(ran.Count(ms => ms < 2000), seconds - 2, seconds + 1);
        Assert.InRange(ran.Count(ms => ms >= 2000), 1, (seconds / 2.5) + 1);
        Assert.InRange(await page.CallAsync<int>("() => watch.pending.size"), 1, 2);
        Assert.Empty(await page.CallAsync<string[]>("() => watch.others"));
    }

    [Theory]
    [EngineCase]
    public async Task While_nothing_is_due_there_is_only_the_next_ping(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 1200);
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { watch.ran = []; }");

        // From one ping to the next, in which the page does all that it does again and again.
        var pings = server.Calls("ping").Count;
        await server.WaitForCallsAsync("ping", pings + 2);

        Assert.NotEmpty(await page.CallAsync<double[]>("() => watch.ran"));
        Assert.All(await page.CallAsync<double[]>("() => watch.ran"), ms => Assert.InRange(ms, 2500, 3000));
        Assert.Empty(await page.CallAsync<string[]>("() => watch.others"));
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, Showing)]
    public async Task While_the_page_is_hidden_there_is_only_the_next_ping_even_if_the_countdown_shows(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 1);
        var browser = await BareBrowserAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url);
        await tab.WaitForAsync("document.querySelector('session-countdown')?.getAttribute('state') === 'warning'");
        await browser.NewTabAsync();
        await tab.WaitForAsync("document.hidden && watch.pending.size === 1");
        await tab.RunAsync("watch.ran = [];");
        var pings = server.Calls("ping").Count;
        await server.WaitForCallsAsync("ping", pings + 3);

        var ran = await tab.EvaluateAsync<double[]>("return watch.ran;");
        Assert.All(ran, ms => Assert.InRange(ms, 2500, 3000));
        await tab.WaitForAsync("watch.pending.size === 1");
        Assert.Equal(0, await tab.EvaluateAsync<int>("return watch.others.length;"));
    }

    private static async Task<TestServer> StartAsync(double timeout)
    {
        var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(timeout);
            options.CountdownDuration = TimeSpan.FromSeconds(50);
            options.KeepAliveInterval = TimeSpan.FromSeconds(3);
        });
        server.Pages["/"] = Page;
        server.Pages["/watch.js"] = Watch;
        return server;
    }
}
