using SessionLifetime.Browser.Tests.Fixtures;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>
/// A document that takes over its tab from the one before it. The browser gives that one's lock back from another process, so a machine without time for that process makes
/// the tab look like a copy: alone.
/// </summary>
[Collection(Alone.Name)]
public sealed class TabLockTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_page_that_came_back_and_is_loaded_anew_at_once_keeps_its_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        var address = await page.EvaluateAsync<string>("return location.href;");
        for (var round = 0; round < 3; round++)
        {
            await page.LeaveAsync(() => page.ClickAsync("#next"));
            await page.BackAsync();
            if (engine == EngineKind.Chromium)
            {
                // Playwright reloads no page that is not the active one yet.
                await page.WaitForAsync($"location.href === '{address}' && document.visibilityState === 'visible'");
            }

            await page.ReloadAsync();
            // Whichever document that is by now: there may be one more on its way.
            await page.WaitForAsync($"window[Symbol.for('session-lifetime')]?.headers()['X-Session-Id'] === '{id}'");
        }

        Assert.Equal(1, server.Sessions.Count);
    }
}
