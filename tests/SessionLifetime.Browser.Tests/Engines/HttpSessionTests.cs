using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The framework's own session in a tab: where a write started it, and where the module did.</summary>
public sealed class HttpSessionTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_session_that_a_write_started_is_the_tab_s_from_then_on(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        var isOpen = false;
        server.Refuses = path => !isOpen && path == "/_session/attach";
        await page.GoToAsync(server.Url);
        await page.CallAsync("async () => { window.session = (await import('/_session/session-lifetime.js')).start(); }");
        Assert.Equal(200, await page.CallAsync<int>("async () => (await fetch('/api/note/kept', { method: 'POST' })).status"));
        var id = await page.IdAsync();
        Assert.Equal(22, id.Length);

        isOpen = true;
        await page.CallAsync("async () => { await session.ready; }");
        Assert.Equal(id, await page.IdAsync());
        Assert.Equal("kept", await NoteAsync(page));
        await page.ReloadedAsync();
        Assert.Equal("kept", await NoteAsync(page));
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task Two_tabs_have_two(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var first = await OpenAsync(engine, server);
        var second = await OpenAsync(engine, server);
        await first.CallAsync("() => fetch('/api/note/first', { method: 'POST' })");
        Assert.Null(await NoteAsync(second));
        Assert.Equal("first", await NoteAsync(first));
    }

    private static Task<string?> NoteAsync(IEngineTab page) => page.CallAsync<string?>("async () => (await (await fetch('/api/note')).json()).note");
}
