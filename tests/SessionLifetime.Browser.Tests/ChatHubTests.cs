using System.Security.Cryptography;
using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>The sample of SignalR, driven as its reader would.</summary>
[ChromiumOnly("runs a sample")]
public sealed class ChatHubTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_sample = Path.Combine(RepositoryFiles.Root, "samples", "ChatHub");

    [Fact]
    public async Task Guests_talk_by_any_transport_and_who_is_shown_out_is_told_why()
    {
        await using var sample = await SampleProcess.StartAsync(name: "ChatHub");
        var ada = await ShowAsync(Context, sample, "Ada");
        var alan = await ShowAsync(Context, sample, "Alan", "ServerSentEvents");
        var barbara = await ShowAsync(Context, sample, "Barbara", "LongPolling");
        await SayAsync(alan, "Hello, all.");
        await SayAsync(barbara, "Hello, Alan.");
        foreach (var page in new[] { ada, alan, barbara })
        {
            await Assertions.Expect(page.Locator("#lines")).ToContainTextAsync("Alan Hello, all.");
            await Assertions.Expect(page.Locator("#lines")).ToContainTextAsync("Barbara Hello, Alan.");
            await Assertions.Expect(page.Locator("#guests li")).ToHaveCountAsync(3);
        }

        await ada.GetByLabel("Show Barbara out").ClickAsync();
        await Assertions.Expect(barbara.Part("message")).ToHaveTextAsync("It was ended from elsewhere.");
        await Assertions.Expect(barbara.Locator("#state")).ToHaveTextAsync("Server returned an error on close: The session has ended: Revoked.");
        await Assertions.Expect(ada.Locator("#lines")).ToContainTextAsync("Barbara left: Revoked.");
        await Assertions.Expect(ada.Locator("#guests li")).ToHaveCountAsync(2);

        // A refresh is no new guest, whatever it is connected by.
        await alan.ReloadAsync();
        await Assertions.Expect(alan.Locator("#name")).ToHaveTextAsync("Alan");
        await Assertions.Expect(alan.Locator("#guests li")).ToHaveCountAsync(2);
    }

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
