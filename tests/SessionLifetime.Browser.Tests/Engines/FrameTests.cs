using SessionLifetime.Browser.Tests.Fixtures.Engines;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class FrameTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task Two_frames_of_our_origin_are_pages_of_the_session_around_them(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/top"] = """
            <!doctype html><title>t</title>
            <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <iframe src="/a"></iframe><iframe src="/b"></iframe>
            """;
        var page = await OpenAsync(engine, server, "/top");
        await server.WaitForCallsAsync("attach", 3);
        await page.ReloadAsync();
        await server.WaitForCallsAsync("attach", 6);

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(6, server.Calls("attach").Select(call => call.PageId).Distinct().Count());
        Assert.Equal(1, await page.CallAsync<int>("async () => (await navigator.locks.query()).held.length"));
    }

    [Theory]
    [EngineCase]
    public async Task A_sandboxed_frame_that_keeps_its_origin_is_a_page_of_the_session_around_it(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/top"] = """
            <!doctype html><title>t</title>
            <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <iframe src="/framed" sandbox="allow-scripts allow-same-origin"></iframe>
            """;
        var page = await OpenAsync(engine, server, "/top");
        await server.WaitForCallsAsync("attach", 2);
        await page.WaitForAsync("frames[0][Symbol.for('session-lifetime')]?.status");
        var answer = await page.CallAsync<string>("async () => (await (await frames[0].fetch('/api')).json()).session");

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(await page.FetchedSessionAsync(), answer);
    }

    [Theory]
    [EngineCase]
    public async Task A_frame_without_an_origin_reports_once_that_it_cannot_and_does_nothing(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(site: "null");
        server.Policy = "";
        server.Pages["/top"] = $$"""
            <!doctype html><title>0</title>
            <script>addEventListener('message', () => { document.title++; });</script>
            <iframe sandbox="allow-scripts" srcdoc="
              <script type='module'>
                addEventListener('sessionlifetime:unsupported', () => parent.postMessage('', '*'));
                const { start } = await import('{{server.Url}}/_session/session-lifetime.js');
                if (start() === start()) await start().ready;
              </script>"></iframe>
            """;
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/top");
        await page.WaitForCallAsync("() => document.title === '1'");
        await Task.Delay(300);

        Assert.Equal("1", await page.EvaluateAsync<string>("return document.title;"));
        Assert.Empty(server.Calls("attach"));
    }
}
