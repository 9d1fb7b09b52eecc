using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>What assistive technology is told of the window: roles and names, as each engine computes them.</summary>
public sealed class ExposedTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task The_window_and_its_buttons_have_their_roles_and_names_until_the_end(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(1);
            options.CountdownDuration = TimeSpan.FromMinutes(5);
        });
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();

        await ExposesAsync(page, Part("dialog"), "alertdialog", "Are you still there?");
        await ExposesAsync(page, Part("stay"), "button", "Stay");
        await ExposesAsync(page, Part("leave"), "button", "End session");
        await ExposesAsync(page, Part("title"), "heading", "Are you still there?");

        await server.EndAllAsync();
        await page.CheckAsync();
        await page.ShowsPartAsync("title", "Your session has ended");
        await ExposesAsync(page, Part("dialog"), "alertdialog", "Your session has ended");
        await ExposesAsync(page, Part("stay"), "button", "Start again");
    }

    /// <summary>A browser computes its tree of roles and names some time after the page has changed.</summary>
    private static Task ExposesAsync(IEngineTab page, string selector, string role, string name) =>
        Eventually.BecomesTrueAsync(() => page.IsExposedAsync(selector, role, name), () => $"{role} \"{name}\"");
}
