namespace SessionLifetime.Browser.Tests;

public sealed class GoodbyeTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task A_closed_tab_says_good_bye_by_the_name_of_its_page()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        var (id, pageId) = (await page.IdAsync(), await page.PageIdAsync());
        await page.CloseAsync();
        await server.WaitForCallsAsync("detach", 1);
        var body = server.Calls("detach")[0].Json;

        Assert.Equal(id, body.GetProperty("id").GetString());
        Assert.Equal(pageId, body.GetProperty("page").GetString());
        Assert.False(body.GetProperty("persisted").GetBoolean());
        await page.Context.CloseAsync();
        Assert.Single(server.Calls("detach"));
    }

    [Fact]
    public async Task What_does_not_leave_the_page_says_no_good_bye()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        await page.EvaluateAsync(
            """
            () => {
              for (const address of ['/file', '/204', '#part', 'mailto:somebody@example.com']) {
                const link = Object.assign(document.createElement('a'), { href: address });
                document.body.append(link);
                link.click();
              }
            }
            """);
        await page.WaitForTimeoutAsync(1000);

        // A navigation that the user stops before the server has answered.
        server.Before = request => request.Path == "/stopped" ? Task.Delay(1000) : Task.CompletedTask;
        await page.EvaluateAsync("() => { location.href = '/stopped'; setTimeout(() => window.stop(), 300); }");
        await page.WaitForTimeoutAsync(1200);

        Assert.Contains(server.Requests, request => request.Path == "/stopped");
        Assert.Empty(server.Calls("detach"));
    }

    [Fact]
    public async Task Where_fetch_cannot_outlive_its_page_a_beacon_says_good_bye()
    {
        await using var server = await TestServer.StartAsync();
        await Context.AddInitScriptAsync("delete Request.prototype.keepalive; delete window.fetchLater;");
        var page = await OpenAsync(server);
        var pageId = await page.PageIdAsync();
        await page.CloseAsync();
        await server.WaitForCallsAsync("detach", 1);

        Assert.Equal(pageId, server.Calls("detach")[0].Json.GetProperty("page").GetString());
        Assert.StartsWith("text/plain", server.Calls("detach")[0].Headers.ContentType.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_good_bye_overtaken_by_the_next_pages_hello_ends_nothing()
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.UnloadGrace = TimeSpan.FromMilliseconds(300);
            options.SelfDestructOnUnload = TimeSpan.FromSeconds(1);
        });
        var unloaded = 0;
        server.Events.PageUnloaded += (_, _) => Interlocked.Increment(ref unloaded);
        server.Before = request => request.Path.EndsWith("/detach", StringComparison.Ordinal)
            ? Eventually.BecomesTrueAsync(() => server.Calls("attach").Count(call => call.Status != 0) == 2, () => "the next page's hello")
            : Task.CompletedTask;
        var page = await OpenAsync(server);
        var id = await page.IdAsync();
        await page.ReloadAsync();
        await page.ReadyAsync();
        await Eventually.BecomesTrueAsync(() => server.Calls("detach").Any(call => call.Status == 204), () => "a detach");
        await page.WaitForTimeoutAsync(2000);
        await page.CheckAsync();

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(id, await page.IdAsync());
        Assert.Equal(0, unloaded);
    }

    [Fact]
    public async Task A_link_inside_the_app_is_no_unload_whatever_comes_first()
    {
        await using var server = await TestServer.StartAsync(options => options.UnloadGrace = TimeSpan.FromSeconds(1));
        var unloaded = 0;
        server.Events.PageUnloaded += (_, _) => Interlocked.Increment(ref unloaded);
        var page = await OpenAsync(server);
        for (var i = 0; i < 5; i++)
        {
            await page.GotoAsync($"{server.Url}/{i}");
            await page.ReadyAsync();
        }

        await page.WaitForTimeoutAsync(2500);
        Assert.Equal(0, unloaded);
        await page.CloseAsync();
        await Eventually.BecomesTrueAsync(() => unloaded == 1, () => $"one unload, but {unloaded}");
    }
}
