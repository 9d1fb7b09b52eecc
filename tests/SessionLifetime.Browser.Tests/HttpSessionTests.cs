namespace SessionLifetime.Browser.Tests;

/// <summary>The framework's own session in a tab: where a write started it, and where the module did.</summary>
public sealed class HttpSessionTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task A_session_that_a_write_started_is_the_tab_s_from_then_on()
    {
        await using var server = await TestServer.StartAsync();
        var page = await Context.NewPageAsync();
        var isOpen = false;
        await page.RouteAsync("**/_session/attach", route => isOpen ? route.ContinueAsync() : route.AbortAsync());
        await page.GotoAsync(server.Url);
        await page.EvaluateAsync("async () => { window.session = (await import('/_session/session-lifetime.js')).start(); }");
        Assert.Equal(200, await page.EvaluateAsync<int>("async () => (await fetch('/api/note/kept', { method: 'POST' })).status"));
        var id = await page.IdAsync();
        Assert.Equal(22, id.Length);

        isOpen = true;
        await page.EvaluateAsync("async () => { await session.ready; }");
        Assert.Equal(id, await page.IdAsync());
        Assert.Equal("kept", (await page.FetchAsync("/api/note")).GetProperty("note").GetString());
        await page.ReloadAsync();
        await page.ReadyAsync();
        Assert.Equal("kept", (await page.FetchAsync("/api/note")).GetProperty("note").GetString());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task Two_tabs_have_two()
    {
        await using var server = await TestServer.StartAsync();
        var first = await OpenAsync(server);
        var second = await OpenAsync(server);
        await first.EvaluateAsync("() => fetch('/api/note/first', { method: 'POST' })");
        Assert.Null((await second.FetchAsync("/api/note")).GetProperty("note").GetString());
        Assert.Equal("first", (await first.FetchAsync("/api/note")).GetProperty("note").GetString());
    }
}
