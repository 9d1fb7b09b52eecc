using Deque.AxeCore.Playwright;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>Blazor Server in sessions, by the sample, which is driven as its reader would.</summary>
[ChromiumOnly("runs a sample")]
public sealed class BlazorTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_pictures = Path.Combine(RepositoryFiles.Root, "samples", "BlazorDesktop", "screenshots");

    [Fact]
    public async Task What_a_tab_works_on_survives_refresh_two_tabs_stay_apart_and_prerendering_starts_nothing()
    {
        await using var sample = await SampleProcess.StartAsync(name: "BlazorDesktop", logsAll: true);
        using (var client = new HttpClient())
        {
            var prerendered = await client.GetStringAsync(new Uri(sample.Url));
            Assert.Contains("Waiting for the session.", prerendered, StringComparison.Ordinal);
            Assert.DoesNotContain("SessionStarted", prerendered, StringComparison.Ordinal);
        }

        var first = await ShowAsync(Context, sample.Url, "No. 1");
        await FillAsync(first);
        await first.ReloadAsync();
        await Assertions.Expect(first.Locator("#number")).ToHaveTextAsync("No. 1");
        await AssertFilledAsync(first);
        await Assertions.Expect(first.Locator("#events")).ToContainTextAsync("SessionResumed");

        var second = await Context.RunAndWaitForPageAsync(() => first.GetByText("Open another").ClickAsync());
        await Assertions.Expect(second.Locator("#number")).ToHaveTextAsync("No. 2");
        await Assertions.Expect(second.Locator("#count")).ToHaveTextAsync("0");
        await Assertions.Expect(second.Locator("#document")).ToHaveValueAsync("");
        await second.CloseAsync();
        await Assertions.Expect(first.Locator("#events")).ToContainTextAsync("Desktop No. 2 disposed", new() { Timeout = 20_000 });
        await AssertFilledAsync(first);

        // The module's own lock would keep Blazor from pausing.
        await first.EvaluateAsync("async () => { window.locks = (await navigator.locks.query()).held.length; }");
        Assert.Equal(0, await first.EvaluateAsync<int>("() => locks"));
        await AssertDiscreetAsync(first, sample);
    }

    [Fact]
    public async Task A_page_that_draws_each_second_reaches_the_countdown_and_is_told_of_the_end()
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 3, countdown: 6, name: "BlazorDesktop", logsAll: true);
        var page = await ShowAsync(Context, sample.Url, "No. 1");
        await page.Locator("#increment").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?");
        var drawn = await page.Locator("#clock").TextContentAsync();
        await Assertions.Expect(page.Locator("#clock")).Not.ToHaveTextAsync(drawn!);
        await Assertions.Expect(page.Locator("#events")).ToContainTextAsync("SessionTimeout");
        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToBeHiddenAsync();
        await page.Locator("#increment").ClickAsync();
        await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync("2");

        // Nobody stays: it ends, the circuit knows, and Blazor's dialog does not come.
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended", new() { Timeout = 20_000 });
        await Assertions.Expect(page.Part("message")).ToHaveTextAsync("Nothing happened here for a while.");
        await Assertions.Expect(page.Locator("#state")).ToHaveTextAsync("This tab’s session has ended: IdleTimeout.");
        await page.WaitForTimeoutAsync(4000);
        Assert.Equal("", await page.EvaluateAsync<string>("() => seen.join()"));

        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Locator("#number")).ToHaveTextAsync("No. 2");
        await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync("0");
        await AssertDiscreetAsync(page, sample);
    }

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

    [Fact]
    public async Task A_cut_network_is_reconnected_to_the_same_desktop_and_the_two_dialogs_never_show_at_once()
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 6, countdown: 30, name: "BlazorDesktop");
        await using var proxy = new CuttableProxy(sample.Url);
        var page = await ShowAsync(Context, proxy.Url, "No. 1");
        await FillAsync(page);
        proxy.Cut();
        await Assertions.Expect(page.Locator(Reconnecting)).ToBeVisibleAsync();
        proxy.Mend();
        await Assertions.Expect(page.Locator(Reconnecting)).ToBeHiddenAsync(new() { Timeout = 30_000 });
        await AssertFilledAsync(page);
        await page.Locator("#increment").ClickAsync();
        await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync("4");
        Assert.Contains("theirs", await page.EvaluateAsync<string>("() => seen.join()"), StringComparison.Ordinal);

        // Cut in the middle of the countdown: Blazor's dialog waits until ours is gone.
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?", new() { Timeout = 20_000 });
        proxy.Cut();
        await page.WaitForTimeoutAsync(3000);
        await Assertions.Expect(page.Locator(Reconnecting)).ToBeHiddenAsync();
        await Assertions.Expect(page.Part("title")).ToBeVisibleAsync();
        proxy.Mend();
        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToBeHiddenAsync(new() { Timeout = 20_000 });
        await Assertions.Expect(page.Locator(Reconnecting)).ToBeHiddenAsync(new() { Timeout = 30_000 });
        await page.WaitForFunctionAsync("() => { document.querySelector('#increment').click(); return document.querySelector('#count').textContent > 4; }");
        Assert.DoesNotContain("both", await page.EvaluateAsync<string>("() => seen.join()"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_server_was_restarted_the_page_is_loaded_once_and_begins_anew()
    {
        var sample = await SampleProcess.StartAsync(name: "BlazorDesktop");
        await using var proxy = new CuttableProxy(sample.Url);
        IPage page;
        await using (sample)
        {
            page = await ShowAsync(Context, proxy.Url, "No. 1");
            await FillAsync(page);
        }

        var loads = 0;
        page.Load += (_, _) => loads++;
        await using var restarted = await SampleProcess.StartAsync(name: "BlazorDesktop");
        proxy.Cut();
        proxy.Target = new Uri(restarted.Url);
        proxy.Mend();
        await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync("0", new() { Timeout = 30_000 });
        await Assertions.Expect(page.Locator("#increment")).ToBeEnabledAsync();
        await page.WaitForTimeoutAsync(3000);

        Assert.Equal(1, loads);
        await page.Locator("#increment").ClickAsync();
        await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync("1");
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

    private const string Reconnecting = "#components-reconnect-modal .components-reconnect-dialog";

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

    private static async Task AssertFilledAsync(IPage page)
    {
        await Assertions.Expect(page.Locator("#count")).ToHaveTextAsync("3");
        await Assertions.Expect(page.Locator("#customer")).ToHaveValueAsync("Ada Lovelace");
        await Assertions.Expect(page.Locator("#size")).ToHaveValueAsync("Large");
        await Assertions.Expect(page.Locator("#document")).ToHaveValueAsync("Dear Charles,\n\nthe engine counts.");
    }

    /// <summary>Neither the id nor the browser's key is in anything the server logged, down to Trace.</summary>
    private static async Task AssertDiscreetAsync(IPage page, SampleProcess sample)
    {
        var id = await page.EvaluateAsync<string>("() => window[Symbol.for('session-lifetime')].headers()['X-Session-Id']");
        var cookies = await page.Context.CookiesAsync();
        var key = Assert.Single(cookies, cookie => cookie.Name == "SessionLifetime.Browser").Value;
        Assert.Equal((22, 22), (id.Length, key.Length));
        Assert.True(sample.Output.Count > 300, $"Only {sample.Output.Count} lines.");
        Assert.DoesNotContain(sample.Output, line => line.Contains(id, StringComparison.Ordinal) || line.Contains(key, StringComparison.Ordinal));
    }
}
