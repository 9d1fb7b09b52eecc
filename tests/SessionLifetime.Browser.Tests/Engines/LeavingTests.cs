using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>What a page asks for while it is being left is its session's, whatever the way and whatever the event.</summary>
public sealed class LeavingTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    [Row("pagehide")]
    [Row("visibilitychange")]
    public async Task The_last_requests_carry_the_id_whichever_event_sends_them_before_us_and_after_us(EngineKind engine, string type)
    {
        await using var server = await StartAsync();
        server.Pages["/"] = Page(type);
        var page = await OpenAsync(engine, server);
        var (id, pageId) = (await page.IdAsync(), await page.PageIdAsync());
        await page.GoToAsync(server.Url + "/elsewhere");
        string[] bodies = ["before fetch", "before beacon", "after fetch", "after beacon"];
        await Eventually.BecomesTrueAsync(() => Saved(server).Length == bodies.Length, () => $"{bodies.Length} requests, but received:\n{server}");

        Assert.Equal(bodies.Order(StringComparer.Ordinal), Saved(server).Select(static request => request.Body).Order(StringComparer.Ordinal));
        Assert.All(Saved(server), request => Assert.Equal((id, pageId), (request.SessionId, request.PageId)));
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, "it drops what is asked for in beforeunload when the navigation begins, but for the first request, in some tries")]
    public Task Those_of_beforeunload_do_before_us_and_after_us(EngineKind engine) =>
        The_last_requests_carry_the_id_whichever_event_sends_them_before_us_and_after_us(engine, "beforeunload");

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "it keeps a page that listens to unload, which it does not fire then")]
    public Task Those_of_unload_do_before_us_and_after_us(EngineKind engine) =>
        The_last_requests_carry_the_id_whichever_event_sends_them_before_us_and_after_us(engine, "unload");

    [Theory]
    [EngineCase]
    [Row("reload")]
    [Row("link")]
    public async Task They_do_however_the_page_is_left(EngineKind engine, string way)
    {
        await using var server = await StartAsync();
        server.Pages["/"] = Page("pagehide");
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        await (way switch
        {
            "reload" => page.ReloadAsync(),
            _ => page.ClickAsync("#next"),
        });
        await Eventually.BecomesTrueAsync(() => Saved(server).Length >= 4, () => $"4 requests, but received:\n{server}");

        Assert.All(Saved(server).Take(4), request => Assert.Equal(id, request.SessionId));
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, "a tab that WebDriver BiDi closes loses what its page sends in pagehide, in some tries (measured, beacon and keepalive alike)")]
    public async Task They_do_when_the_tab_is_closed(EngineKind engine)
    {
        await using var server = await StartAsync();
        server.Pages["/"] = Page("pagehide");
        await (await BrowserAsync(engine)).NewTabAsync();
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        await page.CloseAsync();
        await Eventually.BecomesTrueAsync(() => Saved(server).Length >= 4, () => $"4 requests, but received:\n{server}");

        Assert.All(Saved(server), request => Assert.Equal(id, request.SessionId));
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_is_left_before_it_has_attached_sends_what_waited(EngineKind engine)
    {
        await using var server = await StartAsync();
        server.Pages["/"] = Page("pagehide");
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        var attach = new TaskCompletionSource();
        server.Before = request => request.Path.EndsWith("/attach", StringComparison.Ordinal) ? attach.Task : Task.CompletedTask;
        await page.ReloadAsync();
        await server.WaitForCallsAsync("attach", 2);
        var saved = Saved(server).Length;
        await page.CallAsync("() => { fetch('/api?waited', { method: 'POST', body: 'waited', keepalive: true }).catch(() => {}); }");
        await page.GoToAsync(server.Url + "/elsewhere");
        await Eventually.BecomesTrueAsync(() => Saved(server).Length == saved + 5, () => $"5 requests more, but received:\n{server}");
        attach.SetResult();

        Assert.Contains(Saved(server), static request => request.Body == "waited");
        Assert.All(Saved(server).Skip(saved), request => Assert.Equal(id, request.SessionId));
    }

    [Theory]
    [EngineCase]
    public async Task They_do_not_call_off_the_self_destruct_that_the_pages_detach_has_armed(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options => options.SelfDestructOnUnload = TimeSpan.FromSeconds(1));
        server.Policy = "";
        server.Pages["/elsewhere"] = "<!doctype html><title>e</title>";
        server.Pages["/"] = Page("pagehide");

        // The page's last requests reach the session after its detach.
        server.Before = request => request.Path == "/api" && request.Method == "POST"
            ? Eventually.BecomesTrueAsync(() => server.Calls("detach").Any(static call => call.Status == 204), () => "the detach")
            : Task.CompletedTask;
        var page = await OpenAsync(engine, server);
        await page.GoToAsync(server.Url + "/elsewhere");
        await Eventually.BecomesTrueAsync(() => Saved(server).Count(static request => request.Status == 200) == 4, () => $"the last requests, but received:\n{server}");

        await Eventually.BecomesTrueAsync(() => server.Sessions.Count == 0, () => "the end");
    }

    [Theory]
    [EngineCase]
    public async Task A_beacon_that_is_none_stays_as_wrong_as_it_was(EngineKind engine)
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(engine, server);

        // Firefox takes as much as there is.
        Assert.Equal($"TypeError TypeError {(engine == EngineKind.Firefox ? "true" : "false")} true", await page.CallAsync<string>(
            """
            () => {
              const wrong = action => { try { return String(action()); } catch (error) { return error.name; } };
              return [
                wrong(() => navigator.sendBeacon()),
                wrong(() => navigator.sendBeacon('http://[')),
                wrong(() => navigator.sendBeacon('/api', 'x'.repeat(70_000))),
                wrong(() => navigator.sendBeacon('/api', new URLSearchParams({ a: 1 }))),
              ].join(' ');
            }
            """));
    }

    private static RecordedRequest[] Saved(TestServer server) => [.. server.Requests.Where(static request => request.Path == "/api" && request.Method == "POST")];

    private static string Page(string type) => $$"""
        <!doctype html><title>t</title>
        <script>
          window.save = when => {
            fetch('/api', { method: 'POST', body: when + ' fetch', keepalive: true }).catch(() => {});
            navigator.sendBeacon('/api', when + ' beacon');
          };
          const on = {{(type == "visibilitychange" ? "document" : "window")}};
          on.addEventListener('{{type}}', () => save('before'));
        </script>
        <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
        <script type="module">on.addEventListener('{{type}}', () => save('after'));</script>
        <a id="next" href="/elsewhere">next</a>
        """;

    private static async Task<TestServer> StartAsync()
    {
        var server = await TestServer.StartAsync();
        server.Policy = "";
        server.Pages["/elsewhere"] = "<!doctype html><title>e</title>";
        return server;
    }
}
