using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

public sealed class FrameTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task Two_frames_of_our_origin_are_pages_of_the_session_around_them()
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/top"] = """
            <!doctype html><title>t</title>
            <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <iframe src="/a"></iframe><iframe src="/b"></iframe>
            """;
        var page = await OpenAsync(server, "/top");
        await server.WaitForCallsAsync("attach", 3);
        await page.ReloadAsync();
        await server.WaitForCallsAsync("attach", 6);

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal(6, server.Calls("attach").Select(call => call.PageId).Distinct().Count());
        Assert.Equal(1, await page.EvaluateAsync<int>("async () => (await navigator.locks.query()).held.length"));
    }

    [Fact]
    public async Task A_sandboxed_frame_that_keeps_its_origin_is_a_page_of_the_session_around_it()
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/top"] = """
            <!doctype html><title>t</title>
            <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <iframe src="/framed" sandbox="allow-scripts allow-same-origin"></iframe>
            """;
        var page = await OpenAsync(server, "/top");
        await server.WaitForCallsAsync("attach", 2);
        var framed = page.MainFrame.ChildFrames.Single();
        var answer = await framed.EvaluateAsync<string>("async () => (await (await fetch('/api')).json()).session");

        Assert.Equal(1, server.Sessions.Count);
        Assert.Equal((await page.FetchAsync("/api")).GetProperty("session").GetString(), answer);
    }

    [Fact]
    public async Task A_frame_without_an_origin_reports_once_that_it_cannot_and_does_nothing()
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
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/top");
        await page.WaitForFunctionAsync("() => document.title === '1'");
        await page.WaitForTimeoutAsync(300);

        Assert.Equal("1", await page.TitleAsync());
        Assert.Empty(server.Calls("attach"));
    }
}
