using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

public sealed class SharingTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Stay_in_one_tab_closes_the_countdown_of_the_others()
    {
        await using var server = await StartAsync();
        var (first, second) = (await OpenAsync(server), await OpenAsync(server));
        await Assertions.Expect(first.Part("dialog")).ToBeVisibleAsync();
        await Assertions.Expect(second.Part("dialog")).ToBeVisibleAsync();
        await second.Keyboard.PressAsync("Escape");

        await Assertions.Expect(first.Part("dialog")).ToBeHiddenAsync();
        await Assertions.Expect(second.Part("dialog")).ToBeHiddenAsync();
        Assert.Single(server.Calls("activity"));
    }

    [Fact]
    public async Task Leave_in_one_tab_ends_the_others()
    {
        await using var server = await StartAsync();
        var (first, second) = (await OpenAsync(server), await OpenAsync(server));
        await second.EvaluateAsync("() => session.leave()");
        await first.WaitForStateAsync("ended");

        Assert.Equal("Exited", await first.EvaluateAsync<string>("() => session.reason"));
    }

    [Fact]
    public async Task An_end_that_one_tab_hears_of_is_known_to_the_others_at_once()
    {
        await using var server = await StartAsync();
        var (first, second) = (await OpenAsync(server), await OpenAsync(server));
        await server.EndAllAsync();
        await second.FetchAsync("/api");
        await first.WaitForStateAsync("ended");
        var id = await first.PageIdAsync();

        Assert.Equal("Revoked", await first.EvaluateAsync<string>("() => session.reason"));
        await Assertions.Expect(first.Part("title")).ToHaveTextAsync("Your session has ended");
        Assert.DoesNotContain(server.Requests, request => request.PageId == id && request.Status == 410);
    }

    [Fact]
    public async Task After_a_restart_of_the_server_the_tabs_share_again()
    {
        var server = await StartAsync();
        var pages = new[] { await OpenAsync(server), await OpenAsync(server), await OpenAsync(server) };
        var port = new Uri(server.Url).Port;
        await server.DisposeAsync();
        await using var restarted = await TestServer.StartAsync(port: port);
        await Task.WhenAll(pages.Select(page => page.CheckAsync()));
        await restarted.WaitForCallsAsync("attach", 3);

        Assert.Equal(1, restarted.Sessions.Count);
    }

    private static async Task<TestServer> StartAsync()
    {
        var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(3);
            options.CountdownDuration = TimeSpan.FromSeconds(30);
        });
        server.Attributes = "data-storage=\"browser\"";
        return server;
    }
}
