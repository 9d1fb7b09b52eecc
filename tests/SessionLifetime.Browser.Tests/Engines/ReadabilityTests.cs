using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The window can be read and used by everybody.</summary>
public sealed class ReadabilityTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    /// <summary>A window of 1280 by 1024 at 400 percent.</summary>
    private const int Width = 320, Height = 256;

    /// <summary>The scheme is the one that the page gives the window: a system's is emulated by Playwright only.</summary>
    [Theory]
    [EngineCase("light", "dark")]
    public async Task Axe_finds_nothing_in_any_state(EngineKind engine, string scheme)
    {
        await using var server = await TestServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(1);
            options.CountdownDuration = TimeSpan.FromMinutes(5);
            options.KeepAliveInterval = TimeSpan.FromSeconds(1);
        });
        server.Policy = "";
        server.First = $"document.head.append(Object.assign(document.createElement('style'), {{ textContent: 'session-countdown, session-notice {{ color-scheme: {scheme} }}' }}));";
        var page = await OpenAsync(engine, server);
        Assert.Empty(await page.AxeAsync(server));
        await page.OpensAsync();
        Assert.Equal(
            scheme == "dark" ? "rgb(29, 32, 39)" : "rgb(255, 255, 255)",
            await page.EvaluateAsync<string>($"return getComputedStyle({Deep.Find(Part("dialog"))}).backgroundColor;"));
        Assert.Empty(await page.AxeAsync(server));

        server.Failure = new(0);
        await page.PressAsync("Escape");
        await page.WaitForAsync($"!{Deep.Find(Part("note"))}.hidden");
        Assert.Empty(await page.AxeAsync(server));

        server.Failure = null;
        await server.EndAllAsync(SessionEndReason.IdleTimeout);
        await page.WaitForStateAsync("ended");
        Assert.Empty(await page.AxeAsync(server));
    }

    [Theory]
    [EngineCase]
    [Row("lang=\"en\"")]
    [Row("lang=\"de\"")]
    [Row("lang=\"ar\" dir=\"rtl\"")]
    public async Task At_400_percent_nothing_is_cut_off(EngineKind engine, string html)
    {
        await using var server = await TestServer.StartAsync(options => options.SessionTimeout = TimeSpan.FromSeconds(0.5));
        server.HtmlAttributes = html;
        var page = await OpenAsync(engine, server);
        await page.ResizeAsync(Width, Height);
        await page.OpensAsync();

        Assert.True(await page.CallAsync<bool>(
            """
            () => {
              const dialog = document.querySelector('session-countdown').shadowRoot.querySelector('dialog');
              const { left, right, top, bottom } = dialog.getBoundingClientRect();
              return dialog.scrollWidth <= dialog.clientWidth && left >= 0 && right <= innerWidth && top >= 0 && bottom <= innerHeight;
            }
            """));
        Assert.Equal(html.Contains("rtl", StringComparison.Ordinal) ? "rtl" : "ltr",
            await page.EvaluateAsync<string>($"return getComputedStyle({Deep.Find(Part("dialog"))}).direction;"));
    }
}
