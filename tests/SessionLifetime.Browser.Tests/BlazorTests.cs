using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>Blazor Server in sessions, by the sample, which is driven as its reader would.</summary>
[ChromiumOnly("the sample's colours and pictures, which Playwright emulates and takes; `CircuitTests` walks through it")]
public sealed class BlazorTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_pictures = Path.Combine(RepositoryFiles.Root, "samples", "BlazorDesktop", "screenshots");

    [Fact]
    public async Task A_page_whose_Blazor_started_by_itself_is_told_what_is_missing()
    {
        await using var sample = await SampleProcess.StartAsync(name: "BlazorDesktop");
        await using var context = await Chromium.NewContextAsync(new());
        var page = await context.NewPageAsync();
        var error = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        page.PageError += (_, text) => error.TrySetResult(text);
        await page.RouteAsync("**/", static async route =>
        {
            var answer = await route.FetchAsync();
            var html = (await answer.TextAsync()).Replace(" autostart=\"false\"", "", StringComparison.Ordinal);
            await route.FulfillAsync(new() { Response = answer, Body = html });
        });
        await page.GotoAsync(sample.Url);

        Assert.Contains("put autostart=\"false\" on the tag of its script", await error.Task.WaitAsync(TimeSpan.FromSeconds(30)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Closing_the_desktop_ends_its_session_and_shows_why()
    {
        await using var sample = await SampleProcess.StartAsync(name: "BlazorDesktop");
        var page = await ShowAsync(Context, sample.Url, "No. 1");
        await page.Locator("#close").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("This tab’s session has ended: Exited.");
        await Assertions.Expect(page.Locator("#increment")).ToBeDisabledAsync();
        await page.WaitForTimeoutAsync(3000);
        Assert.Equal("", await page.EvaluateAsync<string>("() => seen.join()"));
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Axe_finds_nothing_on_its_page(ColorScheme scheme)
    {
        await using var sample = await SampleProcess.StartAsync(name: "BlazorDesktop");
        var page = await ShowAsync(Context, sample.Url, "No. 1");
        await page.EmulateMediaAsync(new() { ColorScheme = scheme });
        await FillAsync(page);
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
        await using var sample = await SampleProcess.StartAsync(name: "BlazorDesktop");
        await using var framed = await Chromium.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        var page = await ShowAsync(framed, sample.Url, "No. 1");
        await FillAsync(page);
        await page.EvaluateAsync("() => { document.activeElement.blur(); scrollTo(0, 0); }");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));

        var picture = await page.ScreenshotAsync(new() { Animations = ScreenshotAnimations.Allow });
        var path = Path.Combine(s_pictures, $"blazor-{name}.png");
        if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_PICTURES") == "1")
        {
            Directory.CreateDirectory(s_pictures);
            await File.WriteAllBytesAsync(path, picture);
        }

        Assert.True(File.Exists(path), $"There is no picture {path}.");
    }

    private static async Task<IPage> ShowAsync(IBrowserContext context, string url, string number)
    {
        var page = await context.NewPageAsync();

        // Which of the two dialogs is to be seen, whenever that changes.
        await page.AddInitScriptAsync("""
            window.seen = [];
            const look = () => {
              const ours = document.querySelector('session-countdown')?.shadowRoot.querySelector('dialog')?.open;
              const theirs = document.querySelector('#components-reconnect-modal')?.shadowRoot?.querySelector('.components-reconnect-dialog')?.checkVisibility();
              const now = ours && theirs ? 'both' : theirs ? 'theirs' : '';
              if (now && window.seen.at(-1) !== now) window.seen.push(now);
              requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
            """);
        await page.GotoAsync(url);
        await Assertions.Expect(page.Locator("#number")).ToHaveTextAsync(number);
        await Assertions.Expect(page.Locator("#increment")).ToBeEnabledAsync();
        return page;
    }

    private static async Task FillAsync(IPage page)
    {
        for (var i = 1; i <= 3; i++)
        {
            await page.Locator("#increment").ClickAsync();
            await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync($"{i}");
        }

        await page.Locator("#customer").FillAsync("Ada Lovelace");
        await page.Locator("#size").SelectOptionAsync("Large");
        await page.Locator("#document").FillAsync("Dear Charles,\n\nthe engine counts.");
        await Assertions.Expect(page.Locator("label[for=document]")).ToContainTextAsync("33 characters");
    }
}
