using System.Text.RegularExpressions;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The samples, driven as their readers would.</summary>
public sealed class SampleTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_tab_of_Quickstart_shows_its_session_with_clocks_that_run_and_a_second_tab_has_another(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync();
        var first = await ShowAsync(engine, sample);
        var (id, left) = (await first.TextAsync("#session"), await SecondsAsync(first));
        await first.ShowsAsync("#state", "active");
        await first.ContainsAsync("#events li", id!);
        await first.WaitForAsync($"{Seconds} <= {left - 2}");

        // Work starts it anew: it only ever runs down otherwise.
        await first.RunAsync(
            $$"""
            let last = {{Seconds}};
            new MutationObserver(() => { window.risen ||= {{Seconds}} > last; last = {{Seconds}}; })
              .observe(document.querySelector('#timeout .value'), { childList: true, characterData: true, subtree: true });
            """);
        await first.ClickAsync("#work");
        await first.ContainsAsync("#answer", "Counted.");
        await first.WaitForAsync("window.risen");

        var second = await (await BrowserAsync(engine)).OpenedAsync(() => first.ClickAsync("a[target=_blank]"));
        await second.WaitForAsync("document.readyState === 'complete'");
        await second.ShowsAsync("#state", "active");
        var other = await second.TextAsync("#session");
        Assert.NotEqual(id, other);

        // A hidden page asks for the events less often.
        await first.ShowAsync();
        await first.ContainsAsync("#events", other!);

        // Each tab counts for itself, the framework's session for both; and only ours tells that one is gone.
        await second.ShowAsync();
        await second.ClickAsync("#work");
        await CountsAsync(second);
        await second.GoneAsync(engine);
        await first.ShowAsync();
        await CountsAsync(first);
        await first.WaitForAsync($"/{other}.*ended: SelfDestructed/s.test(document.querySelector('#events li').textContent)");
        await CountsAsync(first);
        Assert.Equal(id, await first.TextAsync("#session"));
        await AssertNothingThrownAsync(first);

        static async Task CountsAsync(IEngineTab tab)
        {
            await tab.ShowsAsync("#tab-count", "1");
            await tab.ShowsAsync("#framework-count", "2");
        }
    }

    [Theory]
    [EngineCase]
    public async Task Quickstart_runs_into_the_countdown_stays_and_signs_out_to_a_page_that_starts_nothing(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 5, countdown: 30);
        var page = await ShowAsync(engine, sample);
        var id = await page.TextAsync("#session");
        await page.OpensAsync();
        await page.WaitForAsync($"/{id}.*timed out/s.test(document.querySelector('#events li').textContent)");
        await page.ClickAsync(Part("stay"));
        await page.ClosesAsync();
        await page.ShowsAsync("#state", "active");
        await AssertNothingThrownAsync(page);

        await page.ClickAsync("#leave");
        await page.LeadsToAsync("/bye.html");
        await page.ShowsAsync("h1", "Good-bye");
        await page.WaitForAsync("document.readyState === 'complete'");
        var events = await page.EvaluateAsync<string>("return (await fetch('/events')).text();");
        Assert.Single(Regex.Matches(events, "SessionStarted"));
        Assert.Contains("Exited", events, StringComparison.Ordinal);

        await page.ClickAsync("a[href='./']");
        await page.ShowsAsync("#state", "active");
        Assert.NotEqual(id, await page.TextAsync("#session"));
    }

    [Theory]
    [EngineCase]
    public async Task Each_button_of_Quickstart_does_what_it_says(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync();
        var page = await ShowAsync(engine, sample);
        var id = await page.TextAsync("#session");
        await page.ClickAsync("#ping");
        await page.ContainsAsync("#answer", "no activity");
        await page.ClickAsync("#destruct");
        await page.ContainsAsync("#answer", "10 seconds");
        await page.ShowsAsync("#end .hint", "self-destruct");
        await page.ClickAsync("#exit");
        await page.ShowsPartAsync("title", "Your session has ended");
        await page.PressAsync("Escape");
        await page.ShowsAsync("#state", "ended: Exited");
        await page.ClosesAsync();
        await page.ClickAsync("#start");
        await page.ShowsAsync("#state", "active");

        Assert.NotEqual(id, await page.TextAsync("#session"));
        await AssertNothingThrownAsync(page);
    }

    [Theory]
    [EngineCase]
    public async Task Two_tabs_of_the_shop_order_two_things_at_once_in_three_steps(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(name: "RazorShop");
        var (first, second) = (await ShopAsync(engine, sample), await ShopAsync(engine, sample));
        await AddAsync(first, "mug", "Mug");
        await AddAsync(second, "book", "Notebook");
        await AddAsync(first, "mug", "Mug");
        await AddAsync(second, "pen", "Fountain pen");
        await first.ShowsAsync("#total", "€36.00");
        await second.ShowsAsync("#total", "€50.50");
        await DeliverAsync(first, "Ada Lovelace");
        await first.ShowsAsync("h1", "Who are you?");
        await first.TypeAsync("#Name", "ada");
        await first.ReplaceAsync(() => first.ClickAsync("form button.main"));
        await DeliverAsync(second, "Grace Hopper");
        await first.ContainsAsync("#address", "Ada Lovelace");
        await second.ContainsAsync("#address", "Grace Hopper");
        await first.ReplaceAsync(() => first.ClickAsync("form button.main"));
        await second.ReplaceAsync(() => second.ClickAsync("form button.main"));
        await first.ShowsAsync("#ordered", "2 × Mug, for €36.00");
        await second.ShowsAsync("#ordered", "1 × Notebook, 1 × Fountain pen, for €50.50");
        await first.ReplaceAsync(first.ReloadAsync);
        await first.ContainsAsync("#ordered", "seen this already");

        await first.ReplaceAsync(() => first.ClickAsync("a.main"));
        await AddAsync(first, "mug", "Mug");
        await first.ReplaceAsync(() => first.ClickAsync(".user button"));
        await first.ShowsAsync("#total", "€0.00");
        await first.ShowsAsync("a.user", "Sign in");
    }

    [Theory]
    [EngineCase]
    public async Task An_expired_tab_of_the_shop_lands_where_the_app_says_and_starts_again_from_there(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 1, countdown: 1, name: "RazorShop");
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(sample.Url);
        await page.ShowsPartAsync("title", "Your session has ended");
        await page.PressAsync("Escape");
        await page.ClosesAsync();
        await page.ClickAsync("a.user");
        await page.LeadsToAsync("/Expired");
        await page.ReplaceAsync(() => page.ClickAsync("a.main"));
        await page.ShowsAsync("#total", "€0.00");
    }

    [Theory]
    [EngineCase]
    public async Task Refresh_keeps_the_order_desk_and_a_second_tab_is_a_second_instance_and_closing_frees_it(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(name: "DesktopInATab");
        var first = await ShowAsync(engine, sample, "#number", "No. 1");
        await first.ShowsAsync("#running", "1");
        await first.ClickAsync("[aria-label='Add Notebook to the cart']");
        await first.ContainsAsync("#cart", "1 × Notebook");
        await first.TypeAsync("#customer", "Ada Lovelace");

        // What is typed is kept by a request of its own, a moment later.
        await first.WaitForAsync("(await (await fetch('/desk')).text()).includes('Ada Lovelace')");
        await AssertNothingThrownAsync(first);
        await first.ReplaceAsync(first.ReloadAsync);
        await first.ShowsAsync("#number", "No. 1");
        await first.ContainsAsync("#cart", "1 × Notebook");
        await first.ShowsAsync("#total", "€4.50");
        await first.WaitForAsync("document.querySelector('#customer').value === 'Ada Lovelace'");

        var second = await (await BrowserAsync(engine)).OpenedAsync(() => first.ClickAsync("a[target=_blank]"));
        await second.ShowsAsync("#number", "No. 2");
        Assert.Equal("", await second.EvaluateAsync<string>("return document.querySelector('#customer').value;"));
        await second.ShowsAsync("#running", "2");
        await second.GoneAsync(engine);
        await first.ShowAsync();
        await first.ShowsAsync("#running", "1");
        await first.ReplaceAsync(first.ReloadAsync);
        await first.ContainsAsync("#cart", "1 × Notebook");
    }

    [Theory]
    [EngineCase]
    public async Task Guests_of_the_chat_talk_by_any_transport_and_who_is_shown_out_is_told_why(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(name: "ChatHub");
        var ada = await ChatAsync(engine, sample, "Ada", "WebSockets");
        var alan = await ChatAsync(engine, sample, "Alan", "ServerSentEvents");
        var barbara = await ChatAsync(engine, sample, "Barbara", "LongPolling");
        await SayAsync(alan, "Hello, all.");
        await SayAsync(barbara, "Hello, Alan.");
        foreach (var page in new[] { ada, alan, barbara })
        {
            await page.ContainsAsync("#lines", "Alan Hello, all.");
            await page.ContainsAsync("#lines", "Barbara Hello, Alan.");
            await page.WaitForAsync("document.querySelectorAll('#guests li').length === 3");
        }

        await ada.ShowAsync();
        await ada.ClickAsync("[aria-label='Show Barbara out']");
        await barbara.ShowsPartAsync("message", "It was ended from elsewhere.");
        await barbara.ShowsAsync("#state", "Server returned an error on close: The session has ended: Revoked.");
        await ada.ContainsAsync("#lines", "Barbara left: Revoked.");
        await ada.WaitForAsync("document.querySelectorAll('#guests li').length === 2");
        foreach (var page in new[] { ada, alan, barbara })
        {
            await AssertNothingThrownAsync(page);
        }

        // A refresh is no new guest, whatever it is connected by.
        await alan.ReplaceAsync(alan.ReloadAsync);
        await alan.ShowsAsync("#name", "Alan");
        await alan.WaitForAsync("document.querySelectorAll('#guests li').length === 2");
    }

    private const string Seconds = "document.querySelector('#timeout .value').textContent.split(':').reduce((minutes, part) => minutes * 60 + Number(part), 0)";

    private static Task<int> SecondsAsync(IEngineTab tab) => tab.EvaluateAsync<int>($"return {Seconds};");

    private static async Task AssertNothingThrownAsync(IEngineTab tab) => Assert.Empty(await tab.EvaluateAsync<string[]>("return thrown;"));

    private static async Task AddAsync(IEngineTab tab, string item, string name)
    {
        await tab.ReplaceAsync(() => tab.ClickAsync($"button[value={item}]"));
        await tab.ContainsAsync(".message", $"{name} is in the cart");
    }

    private static async Task DeliverAsync(IEngineTab tab, string name)
    {
        await tab.ReplaceAsync(() => tab.ClickAsync("a.main"));
        await tab.TypeAsync("#Name", name);
        await tab.TypeAsync("#Address", "12 St James's Square");
        await tab.ReplaceAsync(() => tab.ClickAsync("form button.main"));
    }

    private static async Task SayAsync(IEngineTab tab, string text)
    {
        await tab.ShowAsync();
        await tab.TypeAsync("#text", text);
        await tab.ClickAsync("#say");
        await tab.ContainsAsync("#lines", text);
    }

    private async Task<IEngineTab> ChatAsync(EngineKind engine, SampleProcess sample, string name, string transport)
    {
        var tab = await ShowAsync(engine, sample, "#name", name);
        await tab.CallAsync("value => { const at = document.querySelector('#transport'); at.value = value; at.dispatchEvent(new Event('change')); }", transport);
        await tab.ShowsAsync("#state", $"Connected by {transport}.");
        return tab;
    }

    private async Task<IEngineTab> ShopAsync(EngineKind engine, SampleProcess sample)
    {
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        await tab.GoToAsync(sample.Url);
        await tab.SettleAsync();
        return tab;
    }

    /// <summary>Opens a sample in a tab, hears what its page throws from there on, and waits until it runs.</summary>
    private async Task<IEngineTab> ShowAsync(EngineKind engine, SampleProcess sample, string selector = "#timeout .value", string text = ":")
    {
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        await tab.GoToAsync(sample.Url);
        await tab.RunAsync("window.thrown = []; for (const type of ['error', 'unhandledrejection', 'securitypolicyviolation']) addEventListener(type, event => thrown.push(`${event.message ?? event.reason ?? event.violatedDirective}`));");
        await tab.ContainsAsync(selector, text);
        return tab;
    }
}
