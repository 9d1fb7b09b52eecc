using System.Security.Cryptography;
using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>The sample of SignalR, driven as its reader would.</summary>
[ChromiumOnly("the sample's colours and pictures, which Playwright emulates and takes; `SampleTests` walks through it")]
public sealed class ChatHubTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_sample = Path.Combine(RepositoryFiles.Root, "samples", "ChatHub");

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Axe_finds_nothing_on_its_page(ColorScheme scheme)
    {
        await using var sample = await SampleProcess.StartAsync(name: "ChatHub");
        var page = await ShowAsync(Context, sample, "Ada");
        await page.EmulateMediaAsync(new() { ColorScheme = scheme });
        await SayAsync(page, "Hello?");
        var result = await page.RunAxe();
        Assert.True(result.Violations.Length == 0, string.Join(", ", result.Violations.Select(violation => $"{violation.Id} {violation.Nodes[0].Html}")));
    }

    /// <summary>Takes the pictures of the samples' pages anew when SESSIONLIFETIME_PICTURES is 1; otherwise it sees that the page still fits its frames.</summary>
    [Theory]
    [InlineData("light", ColorScheme.Light, 1000, 720)]
    [InlineData("dark", ColorScheme.Dark, 1000, 720)]
    [InlineData("phone", ColorScheme.Light, 390, 844)]
    public async Task It_fits_its_frame(string name, ColorScheme scheme, int width, int height)
    {
        await using var sample = await SampleProcess.StartAsync(name: "ChatHub");
        await using var framed = await Chromium.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        var page = await ShowAsync(framed, sample, "Ada");
        var other = await ShowAsync(framed, sample, "Alan");
        await SayAsync(page, "Good morning, Alan.");
        await SayAsync(other, "Good morning. I refreshed, and I am still Alan.");
        await Assertions.Expect(page.Locator("#lines")).ToContainTextAsync("still Alan.");
        await page.EvaluateAsync("() => { document.activeElement.blur(); scrollTo(0, 0); }");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));

        var picture = await page.ScreenshotAsync(new() { Animations = ScreenshotAnimations.Allow });
        var path = Path.Combine(s_sample, "screenshots", $"chat-{name}.png");
        if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_PICTURES") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await File.WriteAllBytesAsync(path, picture);
        }

        Assert.True(File.Exists(path), $"There is no picture {path}.");
    }

    [Fact]
    public async Task Its_client_is_the_one_that_npm_has_unchanged()
    {
        var work = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "npm-signalr")).FullName;
        var installed = Path.Combine(work, "node_modules", "@microsoft", "signalr", "dist", "browser", "signalr.min.js");
        if (!File.Exists(installed))
        {
            var npm = OperatingSystem.IsWindows() ? "npm.cmd" : "npm";
            await Requirement.RunNodeAsync(npm, "install", "--no-save", "--no-package-lock", "--prefix", work, "@microsoft/signalr@10.0.11");
        }

        var own = Path.Combine(s_sample, "wwwroot", "lib", "signalr", "signalr.min.js");
        Assert.Equal(SHA256.HashData(await File.ReadAllBytesAsync(installed)), SHA256.HashData(await File.ReadAllBytesAsync(own)));
    }

    private static async Task<IPage> ShowAsync(IBrowserContext context, SampleProcess sample, string name, string transport = "WebSockets")
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(sample.Url);
        await Assertions.Expect(page.Locator("#name")).ToHaveTextAsync(name);
        await page.Locator("#transport").SelectOptionAsync(transport);
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync($"Connected by {transport}.");
        return page;
    }

    private static async Task SayAsync(IPage page, string text)
    {
        await page.Locator("#text").FillAsync(text);
        await page.Locator("#say").ClickAsync();
        await Assertions.Expect(page.Locator("#lines")).ToContainTextAsync(text);
    }
}
