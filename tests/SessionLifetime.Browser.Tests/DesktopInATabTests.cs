using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>The sample whose state lives in a session-scoped service, driven as its reader would; its pictures are on its page.</summary>
[ChromiumOnly("the sample's colours and pictures, which Playwright emulates and takes; `SampleTests` walks through it")]
public sealed class DesktopInATabTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_pictures = Path.Combine(RepositoryFiles.Root, "samples", "DesktopInATab", "screenshots");

    [Fact]
    public async Task An_order_empties_the_cart_and_closing_the_desk_frees_it()
    {
        await using var sample = await SampleProcess.StartAsync(name: "DesktopInATab");
        var page = await ShowAsync(Context, sample, "No. 1");
        await Assertions.Expect(page.Locator("#order")).ToBeDisabledAsync();
        await FillAsync(page);
        await page.GetByLabel("Remove Pencil from the cart").ClickAsync();
        await Assertions.Expect(page.Locator("#total")).ToHaveTextAsync("€4.50");
        await page.Locator("#order").ClickAsync();
        await Assertions.Expect(page.Locator("#answer")).ToContainTextAsync("Ordered.");
        await Assertions.Expect(page.Locator("#empty")).ToBeVisibleAsync();
        await Assertions.Expect(page.Locator("#customer")).ToHaveValueAsync("Ada Lovelace");

        await page.Locator("#close").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#running")).ToHaveTextAsync("0");
        await Assertions.Expect(page.Locator("#customer")).ToBeDisabledAsync();
    }

    [Theory]
    [InlineData(ColorScheme.Light, ForcedColors.None)]
    [InlineData(ColorScheme.Dark, ForcedColors.None)]
    [InlineData(ColorScheme.Light, ForcedColors.Active)]
    public async Task Axe_finds_nothing_on_its_page(ColorScheme scheme, ForcedColors forced)
    {
        await using var sample = await SampleProcess.StartAsync(name: "DesktopInATab");
        var page = await ShowAsync(Context, sample, "No. 1");
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ForcedColors = forced, ReducedMotion = ReducedMotion.Reduce });
        await AssertCleanAsync("empty");
        await FillAsync(page);
        await AssertCleanAsync("filled");

        async Task AssertCleanAsync(string state)
        {
            var result = await page.RunAxe();
            var found = string.Join(", ", result.Violations.Select(violation => $"{violation.Id} {violation.Nodes[0].Html}"));
            Assert.True(result.Violations.Length == 0, $"{state}: {found}");
        }
    }

    /// <summary>Takes the pictures of the samples' pages anew when SESSIONLIFETIME_PICTURES is 1; otherwise it sees that the page still fits its frames.</summary>
    [Theory]
    [InlineData("light", ColorScheme.Light, 1000, 680)]
    [InlineData("dark", ColorScheme.Dark, 1000, 680)]
    [InlineData("phone", ColorScheme.Light, 390, 844)]
    public async Task It_fits_its_frame(string name, ColorScheme scheme, int width, int height)
    {
        await using var sample = await SampleProcess.StartAsync(name: "DesktopInATab");
        await using var framed = await Chromium.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        var page = await ShowAsync(framed, sample, "No. 1");
        await FillAsync(page);
        await Assertions.Expect(page.Locator("#running")).ToHaveTextAsync("1");
        await page.EvaluateAsync("() => { document.activeElement.blur(); scrollTo(0, 0); }");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));

        var picture = await page.ScreenshotAsync(new() { Animations = ScreenshotAnimations.Allow });
        var path = Path.Combine(s_pictures, $"desk-{name}.png");
        if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_PICTURES") == "1")
        {
            Directory.CreateDirectory(s_pictures);
            await File.WriteAllBytesAsync(path, picture);
        }

        Assert.True(File.Exists(path), $"There is no picture {path}.");
    }

    private static async Task<IPage> ShowAsync(IBrowserContext context, SampleProcess sample, string number)
    {
        var page = await context.NewPageAsync();

        // As strict as can be: the sample and the module live with it.
        await page.RouteAsync(new Regex("/$"), async route =>
        {
            var response = await route.FetchAsync();
            await route.FulfillAsync(new()
            {
                Response = response,
                Headers = new Dictionary<string, string>(response.Headers, StringComparer.OrdinalIgnoreCase)
                {
                    ["Content-Security-Policy"] = TestServer.StrictPolicy,
                },
            });
        });
        await page.GotoAsync(sample.Url);
        await Assertions.Expect(page.Locator("#number")).ToHaveTextAsync(number);
        return page;
    }

    private static async Task FillAsync(IPage page)
    {
        await page.GetByLabel("Add Notebook to the cart").ClickAsync();
        await Assertions.Expect(page.Locator("#cart")).ToContainTextAsync("1 × Notebook");
        await page.GetByLabel("Add Pencil to the cart").ClickAsync();
        await Assertions.Expect(page.Locator("#cart")).ToContainTextAsync("1 × Pencil");
        await page.GetByLabel("Add Pencil to the cart").ClickAsync();
        await Assertions.Expect(page.Locator("#cart")).ToContainTextAsync("2 × Pencil");
        await page.Locator("#customer").FillAsync("Ada Lovelace");
        await page.RunAndWaitForResponseAsync(() => page.Locator("#note").FillAsync("Ring twice."), response => response.Request.Method == "PUT");
    }
}
