using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>What tabs of one session tell each other: the later word of the server stands, however late a message comes.</summary>
public sealed class NewsTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_countdown_that_another_tab_heard_of_before_the_server_agreed_to_stay_opens_nothing(EngineKind engine)
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(engine, server);
        var due = await DueAsync(page);
        Assert.True(await page.CallAsync<bool>("() => session.stay()"));
        await Task.Delay(300);
        await SayAsync(page, due);
        await page.CheckAsync();

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    public async Task News_that_overtake_the_answer_to_stay_do_not_keep_the_window_open(EngineKind engine)
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(engine, server);
        var due = await DueAsync(page);
        // The answer of the server is long under way.
        server.Travel = static request => TimeSpan.FromMilliseconds(request.Path == "/_session/activity" ? 500 : 0);
        await page.RunAsync("window.stayed = session.stay();");
        await Task.Delay(100);

        // Asked by another tab after this one asked to stay. Which of the two the server answered first, nobody here knows.
        await page.CallAsync("() => { window.at = Date.now(); }");
        await SayAsync(page, due with { Asked = "at", Heard = "at + 1" });
        Assert.True(await page.EvaluateAsync<bool>("return stayed;"));

        await page.ClosesAsync();
        await page.WaitForStateAsync("active");
    }

    [Theory]
    [EngineCase]
    public async Task News_of_a_later_word_are_acted_on_and_their_times_count_from_when_they_were_heard(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 60);
        var page = await OpenAsync(engine, server);
        await Task.Delay(100);
        await page.CallAsync("() => { window.due = { ...session.status, state: 'timedOut', countdown: true, countdownMs: 9000 }; }");
        await page.CallAsync("() => { window.at = Date.now(); }");
        await Task.Delay(600);
        await SayAsync(page, new("due", "at", "at + 1"));
        await page.OpensAsync();

        Assert.InRange(await page.CallAsync<double>("() => session.left"), 0, 8500);
    }

    [Theory]
    [EngineCase]
    public async Task News_of_another_session_are_nobodys(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 60);
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { window.due = { ...session.status, session: 'AAAAAAAAAAA', state: 'timedOut', countdown: true, countdownMs: 9000 }; }");
        await SayAsync(page, new("due", "Date.now() + 1000", "Date.now() + 1001"));

        Assert.Equal("active", await page.StateAsync());
        Assert.Empty(await page.FiredAsync());
    }

    /// <summary>What another tab says when it hears that the countdown is due.</summary>
    private static async Task<News> DueAsync(IEngineTab page)
    {
        await page.WaitForStateAsync("timedOut");
        await page.CallAsync("() => { window.due = session.status; window.dueAt = Date.now(); }");
        return new("due", "dueAt - 5", "dueAt");
    }

    private static async Task SayAsync(IEngineTab page, News news) => await page.CallAsync(
        $$"""
        async () => {
          new BroadcastChannel(`session-lifetime /_session ${session.status.session}`).postMessage({ status: {{news.Status}}, asked: {{news.Asked}}, heard: {{news.Heard}} });
          await new Promise(done => setTimeout(done, 200));
        }
        """);

    private static Task<TestServer> StartAsync(double timeout = 3) => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(timeout);
        options.CountdownDuration = TimeSpan.FromSeconds(30);
        options.KeepAliveInterval = TimeSpan.FromSeconds(30);
    });

    private sealed record News(string Status, string Asked, string Heard);
}
