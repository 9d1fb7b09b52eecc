namespace SessionLifetime.Browser.Tests;

/// <summary>What tabs of one session tell each other: the later word of the server stands, however late a message comes.</summary>
public sealed class NewsTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task A_countdown_that_another_tab_heard_of_before_the_server_agreed_to_stay_opens_nothing()
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(server);
        var due = await DueAsync(page);
        Assert.True(await page.EvaluateAsync<bool>("() => session.stay()"));
        await page.WaitForTimeoutAsync(300);
        await SayAsync(page, due);
        await page.CheckAsync();

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
    }

    [Fact]
    public async Task News_that_overtake_the_answer_to_stay_do_not_keep_the_window_open()
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(server);
        var due = await DueAsync(page);
        await page.RouteAsync("**/activity", SlowDownAsync);
        var stayed = page.EvaluateAsync<bool>("() => session.stay()");
        await page.WaitForTimeoutAsync(100);

        // Asked by another tab after this one asked to stay. Which of the two the server answered first, nobody here knows.
        await page.EvaluateAsync("() => { window.at = Date.now(); }");
        await SayAsync(page, due with { Asked = "at", Heard = "at + 1" });
        Assert.True(await stayed);

        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        await page.WaitForStateAsync("active");
    }

    [Fact]
    public async Task News_of_a_later_word_are_acted_on_and_their_times_count_from_when_they_were_heard()
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(server);
        await page.WaitForTimeoutAsync(100);
        await page.EvaluateAsync("() => { window.due = { ...session.status, state: 'timedOut', countdown: true, countdownMs: 9000 }; }");
        await page.EvaluateAsync("() => { window.at = Date.now(); }");
        await page.WaitForTimeoutAsync(600);
        await SayAsync(page, new("due", "at", "at + 1"));
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();

        Assert.InRange(await page.EvaluateAsync<double>("() => session.left"), 0, 8500);
    }

    [Fact]
    public async Task News_of_another_session_are_nobodys()
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(server);
        await page.EvaluateAsync("() => { window.due = { ...session.status, session: 'AAAAAAAAAAA', state: 'timedOut', countdown: true, countdownMs: 9000 }; }");
        await SayAsync(page, new("due", "Date.now() + 1000", "Date.now() + 1001"));

        Assert.Equal("active", await page.StateAsync());
        Assert.Empty(await page.FiredAsync());
    }

    /// <summary>The answer of the server is long under way.</summary>
    private static async Task SlowDownAsync(IRoute route)
    {
        var answer = await route.FetchAsync();
        await Task.Delay(500);
        await route.FulfillAsync(new() { Response = answer });
    }

    /// <summary>What another tab says when it hears that the countdown is due.</summary>
    private static async Task<News> DueAsync(IPage page)
    {
        await page.WaitForStateAsync("timedOut");
        await page.EvaluateAsync("() => { window.due = session.status; window.dueAt = Date.now(); }");
        return new("due", "dueAt - 5", "dueAt");
    }

    private static async Task SayAsync(IPage page, News news) => await page.EvaluateAsync(
        $$"""
        async () => {
          new BroadcastChannel(`session-lifetime /_session ${session.status.session}`).postMessage({ status: {{news.Status}}, asked: {{news.Asked}}, heard: {{news.Heard}} });
          await new Promise(done => setTimeout(done, 200));
        }
        """);

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(3);
        options.CountdownDuration = TimeSpan.FromSeconds(30);
        options.KeepAliveInterval = TimeSpan.FromSeconds(30);
    });

    private sealed record News(string Status, string Asked, string Heard);
}
