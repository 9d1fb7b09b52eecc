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

        Assert.Empty(server.Calls("detach"));
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
