using System.Text.RegularExpressions;
using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>The sample of plain pages, driven as its reader would, with script and without; its pictures are on its page.</summary>
[ChromiumOnly("the sample's colours and pictures, which Playwright emulates and takes; `SampleTests` walks through it")]
public sealed class RazorShopTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_pictures = Path.Combine(RepositoryFiles.Root, "samples", "RazorShop", "screenshots");

    [Fact]
    public async Task Without_script_the_order_takes_the_same_three_steps_and_an_open_page_keeps_the_cart_and_the_sign_in()
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 3, countdown: 1, name: "RazorShop", settings: new Dictionary<string, string>
        {
            ["SessionLifetime__StretchInterval"] = "00:00:01",
            ["SignInLasts"] = "00:00:04",
        });
        await using var plain = await Chromium.NewContextAsync(new() { JavaScriptEnabled = false });
        var page = await plain.NewPageAsync();
        await page.GotoAsync(sample.Url);
        await AddAsync(page, "Mug");
        await AddAsync(page, "Notebook");
        await DeliverAsync(page, "Ada Lovelace");
        await page.GetByLabel("Name").FillAsync("ada");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Assertions.Expect(page.Locator("#address")).ToContainTextAsync("Ada Lovelace");

        // Twice the timeout, and more than the sign-in lasts: without the frame both would be over.
        await Task.Delay(TimeSpan.FromSeconds(7));

        await page.GetByRole(AriaRole.Button, new() { Name = "Order", Exact = true }).ClickAsync();
        await Assertions.Expect(page.Locator("#ordered")).ToHaveTextAsync("1 × Mug, 1 × Notebook, for €32.50");
        await Assertions.Expect(page.Locator(".user")).ToContainTextAsync("ada");

        // Its page closed, the session ends, and the next visit hears of it.
        await page.GotoAsync("about:blank");
        await Task.Delay(TimeSpan.FromSeconds(7));
        await page.GotoAsync(sample.Url);
        await page.LeadsToAsync("/Expired");
        await page.GetByText("Start again").ClickAsync();
        await Assertions.Expect(page.Locator("#total")).ToHaveTextAsync("€0.00");
    }

    [Fact]
    public async Task The_keyboard_alone_orders()
    {
        await using var sample = await SampleProcess.StartAsync(name: "RazorShop");
        var page = await ShowAsync(Context, sample);
        await TabToAsync("Add Mug to the cart");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#total")).ToHaveTextAsync("€18.00");
        await TabToAsync("Continue");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Where shall it go?");
        await TabToAsync("Name");
        await page.Keyboard.TypeAsync("Ada Lovelace");
        await TabToAsync("Address");
        await page.Keyboard.TypeAsync("12 St James's Square");
        await TabToAsync("Continue");
        await page.Keyboard.PressAsync("Space");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Who are you?");
        await TabToAsync("Name");
        await page.Keyboard.TypeAsync("ada");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync("Is this right?");
        await TabToAsync("Order");
        await page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(page.Locator("#ordered")).ToHaveTextAsync("1 × Mug, for €18.00");

        async Task TabToAsync(string name)
        {
            for (var presses = 0; presses < 20; presses++)
            {
                await page.Keyboard.PressAsync("Tab");
                var focused = await page.EvaluateAsync<string>(
                    "() => { const at = document.activeElement; return at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent; }");
                if (focused.Trim() == name)
                {
                    return;
                }
            }

            Assert.Fail($"The keyboard does not reach '{name}'.");
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light, ForcedColors.None)]
    [InlineData(ColorScheme.Dark, ForcedColors.None)]
    [InlineData(ColorScheme.Light, ForcedColors.Active)]
    public async Task Axe_finds_nothing_on_any_page(ColorScheme scheme, ForcedColors forced)
    {
        await using var sample = await SampleProcess.StartAsync(name: "RazorShop");
        var page = await ShowAsync(Context, sample);
        await page.EmulateMediaAsync(new() { ColorScheme = scheme, ForcedColors = forced, ReducedMotion = ReducedMotion.Reduce });
        await AssertCleanAsync("What would you like?");
        await AddAsync(page, "Mug");
        await AssertCleanAsync("What would you like?");
        await page.GotoAsync(sample.Url + "/Delivery");
        await AssertCleanAsync("Where shall it go?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Assertions.Expect(page.Locator(".fault").First).Not.ToBeEmptyAsync();
        await AssertCleanAsync("Where shall it go?");
        await page.GotoAsync(sample.Url + "/Confirm");
        await AssertCleanAsync("Who are you?");
        await page.GetByLabel("Name").FillAsync("ada");
        await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await AssertCleanAsync("Is this right?");
        await page.GetByRole(AriaRole.Button, new() { Name = "Order", Exact = true }).ClickAsync();
        await AssertCleanAsync("Thank you");
        await page.GotoAsync(sample.Url + "/Expired");
        await AssertCleanAsync("Your session has ended");

        async Task AssertCleanAsync(string title)
        {
            await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(title);
            var result = await page.RunAxe();
            var found = string.Join(", ", result.Violations.Select(violation => $"{violation.Id} {violation.Nodes[0].Html}"));
            Assert.True(result.Violations.Length == 0, $"{title}: {found}");
        }
    }

    /// <summary>Takes the pictures of the samples' pages anew when SESSIONLIFETIME_PICTURES is 1; otherwise it sees that the page still fits its frames.</summary>
    [Theory]
    [InlineData("light", ColorScheme.Light, 1000, 640)]
    [InlineData("dark", ColorScheme.Dark, 1000, 640)]
    [InlineData("phone", ColorScheme.Light, 390, 844)]
    public async Task It_fits_its_frame(string name, ColorScheme scheme, int width, int height)
    {
        await using var sample = await SampleProcess.StartAsync(name: "RazorShop");
        await using var framed = await Chromium.NewContextAsync(new() { ViewportSize = new() { Width = width, Height = height }, ColorScheme = scheme });
        var page = await ShowAsync(framed, sample);
        await AddAsync(page, "Mug");
        await AddAsync(page, "Notebook");
        Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= innerWidth"));
        if (Environment.GetEnvironmentVariable("SESSIONLIFETIME_PICTURES") == "1")
        {
            Directory.CreateDirectory(s_pictures);
            await page.ScreenshotAsync(new() { Path = Path.Combine(s_pictures, $"shop-{name}.png") });
        }
    }

    private static async Task<IPage> ShowAsync(IBrowserContext context, SampleProcess sample)
    {
        var page = await context.NewPageAsync();
        await page.GotoAsync(sample.Url);
        await page.WaitForFunctionAsync("() => window[Symbol.for('session-lifetime')]?.status");
        return page;
    }

    private static async Task AddAsync(IPage page, string item)
    {
        await page.GetByRole(AriaRole.Button, new() { Name = $"Add {item} to the cart" }).ClickAsync();
        await Assertions.Expect(page.Locator(".message")).ToContainTextAsync($"{item} is in the cart");
    }

    private static async Task DeliverAsync(IPage page, string name)
    {
        await page.GetByText("Continue").ClickAsync();
        await page.GetByLabel("Name").FillAsync(name);
        await page.GetByLabel("Address").FillAsync("12 St James's Square");
        await page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Assertions.Expect(page.Locator("h1")).ToHaveTextAsync(new Regex("Who are you|Is this right"));
    }
}
