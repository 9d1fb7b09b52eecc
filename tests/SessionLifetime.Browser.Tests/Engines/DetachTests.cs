using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class DetachTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    [Lacks(EngineKind.Firefox, "a tab that WebDriver BiDi closes loses what its page sends in pagehide, in some tries (measured, beacon and keepalive alike)")]
    public async Task A_closed_tab_says_so_by_the_name_of_its_page(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        await (await BrowserAsync(engine)).NewTabAsync();
        var page = await OpenAsync(engine, server);
        var (id, pageId) = (await page.IdAsync(), await page.PageIdAsync());
        await page.CloseAsync();
        await server.WaitForCallsAsync("detach", 1);
        var body = server.Calls("detach")[0].Json;

        Assert.Equal(id, body.GetProperty("id").GetString());
        Assert.Equal(pageId, body.GetProperty("page").GetString());
        Assert.False(body.GetProperty("persisted").GetBoolean());
        Assert.Single(server.Calls("detach"));
    }

    [Theory]
    [EngineCase]
    public async Task What_does_not_leave_the_page_detaches_nothing(EngineKind engine)
    {
        // The WebKit of this machine knows no mailto: and shows a page that says so.
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        await page.CallAsync(
            """
            addresses => {
              for (const address of addresses) {
                const link = Object.assign(document.createElement('a'), { href: address });
                document.body.append(link);
                link.click();
              }
            }
            """,
            new[] { "/file", "/204", "#part" }.Concat(engine == EngineKind.WebKit ? [] : ["mailto:somebody@example.com"]));
        await Task.Delay(1000);

        // A navigation that the user stops before the server has answered.
        server.Before = request => request.Path == "/stopped" ? Task.Delay(1000) : Task.CompletedTask;
        await page.CallAsync("() => { location.href = '/stopped'; setTimeout(() => window.stop(), 300); }");
        await Task.Delay(1200);

        Assert.Contains(server.Requests, request => request.Path == "/stopped");
        Assert.Empty(server.Calls("detach"));
    }

    [Theory]
    [EngineCase]
    public async Task Where_fetch_cannot_outlive_its_page_a_beacon_says_so(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/elsewhere"] = "<!doctype html><title>e</title>";
        server.First = "delete Request.prototype.keepalive; delete window.fetchLater;";
        var page = await OpenAsync(engine, server);
        var pageId = await page.PageIdAsync();
        await page.GoToAsync(server.Url + "/elsewhere");
        await server.WaitForCallsAsync("detach", 1);

        Assert.Equal(pageId, server.Calls("detach")[0].Json.GetProperty("page").GetString());
        Assert.StartsWith("text/plain", server.Calls("detach")[0].Headers.ContentType.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [EngineCase]
    public async Task A_detach_overtaken_by_the_next_pages_attach_ends_nothing(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.UnloadGrace = TimeSpan.FromMilliseconds(300);
            options.SelfDestructOnUnload = TimeSpan.FromSeconds(1);
        });
        var unloaded = 0;
        server.Events.PageUnloaded += (_, _) => Interlocked.Increment(ref unloaded);
        server.Before = request => request.Path.EndsWith("/detach", StringComparison.Ordinal)
            ? Eventually.BecomesTrueAsync(() => server.Calls("attach").Count(call => call.Status != 0) == 2, () => "the next page's attach")
            : Task.CompletedTask;
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        await page.ReloadedAsync();
        await Eventually.BecomesTrueAsync(() => server.Calls("detach").Any(call => call.Status == 204), () => "a detach");
        await Task.Delay(2000);
        await page.CheckAsync();

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(id, await page.IdAsync());
        Assert.Equal(0, unloaded);
    }

    [Theory]
    [EngineCase]
    public async Task A_link_inside_the_app_is_no_unload_whatever_comes_first(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.UnloadGrace = TimeSpan.FromSeconds(1));
        var unloaded = 0;
        server.Events.PageUnloaded += (_, _) => Interlocked.Increment(ref unloaded);
        var page = await OpenAsync(engine, server);
        server.Pages["/elsewhere"] = "<!doctype html><title>e</title>";
        for (var i = 0; i < 5; i++)
        {
            await page.LeaveAsync(() => page.GoToAsync($"{server.Url}/{i}"));
        }

        await Task.Delay(2500);
        Assert.Equal(0, unloaded);
        await page.GoToAsync(server.Url + "/elsewhere");
        await Eventually.BecomesTrueAsync(() => unloaded == 1, () => $"one unload, but {unloaded}");
    }
}
