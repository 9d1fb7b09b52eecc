using SessionLifetime.Browser.Tests.Fixtures;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>What is about fractions of a second. Nothing is run at the same time but the same in the other engines.</summary>
[Collection(Alone.Name)]
public sealed class PaceTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task Twelve_times_it_can_be_extended_each_time_at_the_last_second(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 0.5, countdown: 2);
        var page = await OpenAsync(engine, server);
        for (var i = 1; i <= 12; i++)
        {
            Assert.True(await page.CallAsync<bool>(
                """
                async () => {
                  while (session.left === null || session.left >= 1000) await new Promise(done => setTimeout(done, 20));
                  return session.stay();
                }
                """));
            await page.ClosesAsync();
        }

        Assert.Equal(12, (await page.FiredAsync()).Count(name => name == "timeout"));
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task Stay_one_second_before_the_end_is_in_time(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 2, countdown: 5);
        var page = await OpenAsync(engine, server);
        await page.RunAsync(
            $$"""
            while (session.left === null || session.left > 1000) await new Promise(done => setTimeout(done, 20));
            {{Deep.Find(Part("stay"))}}.click();
            """);
        await page.ClosesAsync();
        await Task.Delay(1500);

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task An_idle_page_pings_as_often_as_the_server_wants(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        await OpenAsync(engine, server);
        await server.WaitForCallsAsync("ping", 5);

        var pings = server.Calls("ping");
        var gaps = pings.Zip(pings.Skip(1), (a, b) => (b.At - a.At).TotalMilliseconds);
        Assert.All(gaps, gap => Assert.InRange(gap, 850, 1250));
        Assert.All(pings, ping => Assert.False(ping.Json.TryGetProperty("idleMs", out _)));
        Assert.Empty(server.Calls("activity"));
    }

    [Theory]
    [EngineCase]
    [Row(0)]
    [Row(600)]
    public async Task Between_two_reports_lies_a_quarter_of_the_timeout_however_long_the_answers_take(EngineKind engine, int milliseconds)
    {
        await using var server = await TestServer.StartAsync(static options => options.SessionTimeout = TimeSpan.FromSeconds(4));
        server.Before = request => Task.Delay(request.Path.EndsWith("/activity", StringComparison.Ordinal) ? milliseconds : 0);
        var page = await OpenAsync(engine, server);
        for (var i = 0; i < 50; i++)
        {
            await page.TypeAsync("#name", "x");
            await Task.Delay(100);
        }

        var times = server.Calls("activity").Select(static call => call.At).ToArray();
        Assert.True(times.Length > 1);
        Assert.All(times.Zip(times.Skip(1)), static pair => Assert.InRange((pair.Second - pair.First).TotalSeconds, 0.9, 60));
    }

    private static Task<TestServer> StartAsync(double timeout, double countdown) => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(timeout);
        options.CountdownDuration = TimeSpan.FromSeconds(countdown);
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
    });
}
