using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

[ChromiumOnly("dark mode and forced colours are emulated by Playwright only; `ReadabilityTests` has the rest")]
public sealed class AccessibilityTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Theory]
    [InlineData(ColorScheme.Light, ForcedColors.None)]
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
}
