using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests;

[ChromiumOnly("a system in dark mode or with forced colours is emulated by Playwright only; `ReadabilityTests` has the rest")]
public sealed class AccessibilityTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Theory]
    [InlineData(ColorScheme.Dark, ForcedColors.None)]
    [InlineData(ColorScheme.Light, ForcedColors.Active)]
    public async Task Axe_finds_nothing_in_any_state(ColorScheme scheme, ForcedColors forced)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(1);
            options.CountdownDuration = TimeSpan.FromMinutes(5);
            options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        });
        server.Policy = "";
        var page = await Context.NewPageAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ForcedColors = forced, ReducedMotion = ReducedMotion.Reduce });
        await page.GotoAsync(server.Url);
        await page.ReadyAsync();
        await AssertCleanAsync("closed");

        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await AssertCleanAsync("open");

        server.Failure = new(0);
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Part("note")).ToBeVisibleAsync();
        await AssertCleanAsync("failing");

        server.Failure = null;
        await server.EndAllAsync(SessionEndReason.IdleTimeout);
        await page.WaitForStateAsync("ended");
        await AssertCleanAsync("ended");

        async Task AssertCleanAsync(string state)
        {
            var result = await page.RunAxe();
            var found = string.Join(", ", result.Violations.Select(violation => $"{violation.Id} {violation.Nodes[0].Html}"));
            Assert.True(result.Violations.Length == 0, $"{state}: {found}");
        }
    }

    [Fact]
    public async Task The_description_of_the_window_says_what_it_is_about_and_how_much_time_is_left()
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(1);
            options.CountdownDuration = TimeSpan.FromSeconds(170);
        });
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        var session = await Context.NewCDPSessionAsync(page);

        Assert.Equal(
            "Your session is about to end. What you have not saved will be lost. 3 minutes left.",
            await DevToolsTree.DescriptionAsync(async (method, parameters) => (await session.SendAsync(method, parameters))!.Value, EngineTabExtensions.Part("dialog")));
    }
}
