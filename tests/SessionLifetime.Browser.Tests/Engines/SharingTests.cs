using SessionLifetime.Browser.Tests.Fixtures.Engines;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class SharingTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task Stay_in_one_tab_closes_the_countdown_of_the_others(EngineKind engine)
    {
        await using var server = await StartAsync();
        var (first, second) = (await OpenAsync(engine, server), await OpenAsync(engine, server));
        await first.OpensAsync();
        await second.OpensAsync();
        await second.PressAsync("Escape");

        await first.ClosesAsync();
        await second.ClosesAsync();
        Assert.Single(server.Calls("activity"));
    }

    [Theory]
    [EngineCase]
    public async Task Leave_in_one_tab_ends_the_others(EngineKind engine)
    {
        await using var server = await StartAsync();
        var (first, second) = (await OpenAsync(engine, server), await OpenAsync(engine, server));
        await second.CallAsync("() => session.leave()");
        await first.WaitForStateAsync("ended");

        Assert.Equal("Exited", await first.CallAsync<string>("() => session.reason"));
    }

    [Theory]
    [EngineCase]
    public async Task An_end_that_one_tab_hears_of_is_known_to_the_others_at_once(EngineKind engine)
    {
        await using var server = await StartAsync();
        var (first, second) = (await OpenAsync(engine, server), await OpenAsync(engine, server));
        await server.EndAllAsync();
        await second.FetchedSessionAsync();
        await first.WaitForStateAsync("ended");
        var id = await first.PageIdAsync();

        Assert.Equal("Revoked", await first.CallAsync<string>("() => session.reason"));
        await first.ShowsPartAsync("title", "Your session has ended");
        Assert.DoesNotContain(server.Requests, request => request.PageId == id && request.Status == 410);
    }

    [Theory]
    [EngineCase]
    public async Task After_a_restart_of_the_server_the_tabs_share_again(EngineKind engine)
    {
        var server = await StartAsync();
        var pages = new[] { await OpenAsync(engine, server), await OpenAsync(engine, server), await OpenAsync(engine, server) };
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
