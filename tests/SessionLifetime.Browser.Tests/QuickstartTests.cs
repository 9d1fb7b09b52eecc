using Deque.AxeCore.Playwright;
using Microsoft.Extensions.Configuration;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>The sample, driven as its reader would; its pictures are on its page.</summary>
[ChromiumOnly("the sample's colours and pictures, which Playwright emulates and takes; `SampleTests` walks through it")]
public sealed class QuickstartTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_pictures = Path.Combine(RepositoryFiles.Root, "samples", "Quickstart", "screenshots");

    [Fact]
    public async Task As_it_is_it_warns_of_none_of_its_own_settings()
    {
        var own = new ConfigurationBuilder().AddJsonFile(Path.Combine(RepositoryFiles.Root, "samples", "Quickstart", "appsettings.json")).Build();
        var settings = own.GetSection("SessionLifetime").GetChildren().ToDictionary(static setting => $"SessionLifetime__{setting.Key}", static setting => setting.Value!);
        settings["ASPNETCORE_ENVIRONMENT"] = new ConfigurationBuilder().AddJsonFile(Path.Combine(RepositoryFiles.Root, "samples", "Quickstart", "Properties", "launchSettings.json")).Build()
            ["profiles:Quickstart:environmentVariables:ASPNETCORE_ENVIRONMENT"]!;
        await using var sample = await SampleProcess.StartAsync(settings: settings);
        await ShowAsync(sample);

        // Warning and end within a minute.
        Assert.InRange(TimeSpan.Parse(settings["SessionLifetime__SessionTimeout"]) + TimeSpan.Parse(settings["SessionLifetime__CountdownDuration"]), TimeSpan.FromSeconds(40), TimeSpan.FromSeconds(59));
        Assert.DoesNotContain(sample.Output, static line => line.StartsWith("warn:", StringComparison.Ordinal) || line.StartsWith("fail:", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ColorScheme.Light, ForcedColors.None)]
    [InlineData(ColorScheme.Dark, ForcedColors.None)]
    [InlineData(ColorScheme.Light, ForcedColors.Active)]
    public async Task Axe_finds_nothing_on_its_pages(ColorScheme scheme, ForcedColors forced)
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 4, countdown: 60);
        var page = await Context.NewPageAsync();
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ForcedColors = forced, ReducedMotion = ReducedMotion.Reduce });
        await page.GotoAsync(sample.Url);
        await Assertions.Expect(page.Locator("#events li").First).ToBeVisibleAsync();
        await AssertCleanAsync("active");
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await AssertCleanAsync("countdown");
        await page.Part("leave").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        await AssertCleanAsync("ended");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        await AssertCleanAsync("ended, window closed");
        await page.GotoAsync(sample.Url + "/bye.html");
        await AssertCleanAsync("good-bye");

        async Task AssertCleanAsync(string state)
        {
            var result = await page.RunAxe();
            var found = string.Join(", ", result.Violations.Select(violation => $"{violation.Id} {violation.Nodes[0].Html}"));
            Assert.True(result.Violations.Length == 0, $"{state}: {found}");
        }
    }

    /// <summary>Takes the pictures of the samples' pages anew when SESSIONLIFETIME_PICTURES is 1; otherwise it sees that the page still fits its frames.</summary>
    [Theory]
    [InlineData("light", ColorScheme.Light, 1000, 720)]
    [InlineData("dark", ColorScheme.Dark, 1000, 720)]
    [InlineData("phone", ColorScheme.Light, 390, 844)]
    public async Task It_fits_its_frame(string name, ColorScheme scheme, int width, int height)
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 9, countdown: 58);
        await using var framed = await Chromium.NewContextAsync(new()
        {
            ViewportSize = new() { Width = width, Height = height },
            ColorScheme = scheme,
        });
        var other = await framed.NewPageAsync();
        await other.GotoAsync(sample.Url);
        // Before its script has run, the page listens to nobody.
        await Assertions.Expect(other.Locator("#tab-count")).ToHaveTextAsync("0");
        await other.Locator("#work").ClickAsync();
        await Assertions.Expect(other.Locator("#tab-count")).ToHaveTextAsync("1");
        await other.CloseAsync();
        var page = await framed.NewPageAsync();
        await page.GotoAsync(sample.Url);
        await Assertions.Expect(page.Locator("#tab-count")).ToHaveTextAsync("0");
        await page.Locator("#work").ClickAsync();
        await Assertions.Expect(page.Locator("#framework-count")).ToHaveTextAsync("2");
        await Assertions.Expect(page.Locator("#events")).ToContainTextAsync("ended: SelfDestructed");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
        await TakeAsync("quickstart");
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await page.WaitForFunctionAsync("() => document.querySelector('session-countdown').controller.left < 52_500");
        await TakeAsync("countdown");

        async Task TakeAsync(string what)
        {
            var picture = await page.ScreenshotAsync(new() { Animations = ScreenshotAnimations.Allow });
            if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_PICTURES") == "1")
            {
                Directory.CreateDirectory(s_pictures);
                await File.WriteAllBytesAsync(Path.Combine(s_pictures, $"{what}-{name}.png"), picture);
            }

            Assert.True(File.Exists(Path.Combine(s_pictures, $"{what}-{name}.png")), $"There is no picture {what}-{name}.png.");
        }
    }

    private async Task<IPage> ShowAsync(SampleProcess sample)
    {
        var page = await Context.NewPageAsync();
        await page.GotoAsync(sample.Url);
        await Assertions.Expect(page.Locator("#timeout .value")).ToContainTextAsync(":");
        return page;
    }
}
