using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Blazor Server in sessions, by its sample, which is driven as its reader would.</summary>
public sealed class CircuitTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string Reconnecting =
        "document.querySelector('#components-reconnect-modal')?.shadowRoot?.querySelector('.components-reconnect-dialog')?.checkVisibility()";

    [Theory]
    [EngineCase]
    public async Task What_a_tab_works_on_survives_refresh_two_tabs_stay_apart_and_prerendering_starts_nothing(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(name: "BlazorDesktop", logsAll: true);
        using (var client = new HttpClient())
        {
            var prerendered = await client.GetStringAsync(new Uri(sample.Url));
            Assert.Contains("Waiting for the session.", prerendered, StringComparison.Ordinal);
            Assert.DoesNotContain("SessionStarted", prerendered, StringComparison.Ordinal);
        }

        var first = await ShowAsync(engine, sample.Url);
        await FillAsync(first);
        await first.ReplaceAsync(first.ReloadAsync);
        await first.ShowsAsync("#number", "No. 1");
        await FilledAsync(first);
        await first.ContainsAsync("#events", "SessionResumed");

        var browser = await BrowserAsync(engine);
        var second = await browser.OpenedAsync(() => first.ClickAsync("a[target=_blank]"));
        await second.ShowsAsync("#number", "No. 2");
        await second.ShowsAsync("#count", "0");
        Assert.Equal("", await second.EvaluateAsync<string>("return document.querySelector('#document').value;"));
        await second.GoneAsync(engine);
        await first.ShowAsync();
        await first.ContainsAsync("#events", "Desktop No. 2 disposed");
        await FilledAsync(first);

        // The module's own lock would keep Blazor from pausing.
        Assert.Equal(0, await first.EvaluateAsync<int>("return (await navigator.locks.query()).held.length;"));
        await AssertDiscreetAsync(browser, first, sample);
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_draws_each_second_reaches_the_countdown_and_is_told_of_the_end(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 5, countdown: 6, name: "BlazorDesktop", logsAll: true);
        var page = await ShowAsync(engine, sample.Url);
        await page.ClickAsync("#increment");
        await page.ShowsPartAsync("title", "Are you still there?");
        var drawn = await page.TextAsync("#clock");
        await page.WaitForAsync($"document.querySelector('#clock').textContent !== '{drawn}'");
        await page.ContainsAsync("#events", "SessionTimeout");
        await page.ClickAsync(Part("stay"));
        await page.ClosesAsync();
        await page.ClickAsync("#increment");
        await page.ShowsAsync("#count", "2");

        // Nobody stays: it ends, the circuit knows, and Blazor's dialog does not come.
        await page.ShowsPartAsync("title", "Your session has ended");
        await page.ShowsPartAsync("message", "Nothing happened here for a while.");
        await page.ShowsAsync("#state", "This tab’s session has ended: IdleTimeout.");
        await Task.Delay(4000);
        Assert.Empty(await page.EvaluateAsync<string[]>("return seen;"));

        await page.ClickAsync(Part("stay"));
        await page.ShowsAsync("#number", "No. 2");
        await page.ShowsAsync("#count", "0");
        await AssertDiscreetAsync(await BrowserAsync(engine), page, sample);
    }

    [Theory]
    [EngineCase]
    public async Task A_cut_network_is_reconnected_to_the_same_desktop_and_the_two_dialogs_never_show_at_once(EngineKind engine)
    {
        await using var sample = await SampleProcess.StartAsync(timeout: 6, countdown: 40, name: "BlazorDesktop");
        await using var proxy = new CuttableProxy(sample.Url);
        var page = await ShowAsync(engine, proxy.Url);
        await FillAsync(page);
        proxy.Cut();
        await page.WaitForAsync(Reconnecting);
        proxy.Mend();
        await page.WaitForAsync($"!{Reconnecting}");
        await FilledAsync(page);
        Assert.Contains("theirs", await page.EvaluateAsync<string[]>("return seen;"));

        // Cut in the middle of the countdown: Blazor's dialog waits until ours is gone.
        await page.ShowsPartAsync("title", "Are you still there?");
        proxy.Cut();
        await Task.Delay(3000);
        Assert.False(await page.EvaluateAsync<bool>($"return !!{Reconnecting};"));
        await page.OpensAsync();
        proxy.Mend();
        await page.ClickAsync(Part("stay"));
        await page.ClosesAsync();
        await page.WaitForAsync($"!{Reconnecting}");
        await page.WaitForAsync("(document.querySelector('#increment').click(), document.querySelector('#count').textContent > 3)");
        Assert.DoesNotContain("both", await page.EvaluateAsync<string[]>("return seen;"));
    }

    [Theory]
    [EngineCase]
    public async Task After_the_server_was_restarted_the_page_is_loaded_once_and_begins_anew(EngineKind engine)
    {
        var sample = await SampleProcess.StartAsync(name: "BlazorDesktop");
        await using var proxy = new CuttableProxy(sample.Url);
        IEngineTab page;
        await using (sample)
        {
            page = await ShowAsync(engine, proxy.Url);
            await FillAsync(page);
        }

        await page.RunAsync("sessionStorage.setItem('left', 0);");
        const string Count = "addEventListener('pagehide', () => sessionStorage.setItem('left', +sessionStorage.getItem('left') + 1));";
        await page.RunAsync(Count);
        await using var restarted = await SampleProcess.StartAsync(name: "BlazorDesktop");
        proxy.Cut();
        proxy.Target = new Uri(restarted.Url);
        proxy.Mend();
        await page.ShowsAsync("#count", "0");
        await page.RunAsync(Count);
        await page.WaitForAsync("!document.querySelector('#increment').disabled");
        await Task.Delay(3000);

        Assert.Equal("1", await page.EvaluateAsync<string>("return sessionStorage.getItem('left');"));
        await page.ClickAsync("#increment");
        await page.ShowsAsync("#count", "1");
    }

    private async Task<IEngineTab> ShowAsync(EngineKind engine, string url)
    {
        var tab = await (await BrowserAsync(engine)).NewTabAsync();
        await tab.GoToAsync(url);

        // Which of the two dialogs is to be seen, whenever that changes.
        await tab.RunAsync($$"""
            window.seen = [];
            const look = () => {
              const ours = document.querySelector('session-countdown')?.shadowRoot.querySelector('dialog')?.open;
              const theirs = {{Reconnecting}};
              const now = ours && theirs ? 'both' : theirs ? 'theirs' : '';
              if (now && window.seen.at(-1) !== now) window.seen.push(now);
              requestAnimationFrame(look);
            };
            requestAnimationFrame(look);
            """);
        await tab.ShowsAsync("#number", "No. 1");
        await tab.WaitForAsync("!document.querySelector('#increment').disabled");
        return tab;
    }

    private static async Task FillAsync(IEngineTab page)
    {
        for (var i = 1; i <= 3; i++)
        {
            await page.ClickAsync("#increment");
            await page.ShowsAsync("#count", $"{i}");
        }

        // Not key by key: what a key has made of the text is drawn anew when the server answers, and a driver is faster than that.
        foreach (var (selector, text) in new[] { ("#customer", "Ada Lovelace"), ("#document", "Dear Charles,\n\nthe engine counts.") })
        {
            await page.CallAsync(
                "([selector, text]) => { const at = document.querySelector(selector); at.value = text; at.dispatchEvent(new Event('input', { bubbles: true })); }", new[] { selector, text });
        }

        await page.ContainsAsync("label[for=document]", "33 characters");
    }

    private static Task FilledAsync(IEngineTab page) => page.WaitForAsync(
        "document.querySelector('#count')?.textContent === '3' && document.querySelector('#customer').value === 'Ada Lovelace' && document.querySelector('#document').value === 'Dear Charles,\\n\\nthe engine counts.'");

    /// <summary>Neither the id nor the browser's key is in anything the server logged, down to Trace.</summary>
    private static async Task AssertDiscreetAsync(IEngineBrowser browser, IEngineTab page, SampleProcess sample)
    {
        var id = await page.EvaluateAsync<string>("return window[Symbol.for('session-lifetime')].headers()['X-Session-Id'];");
        var key = Assert.Single(await browser.CookiesAsync(page), static cookie => cookie.Name == "SessionLifetime.Browser").Value;
        Assert.Equal((22, 22), (id.Length, key.Length));
        Assert.True(sample.Output.Count > 300, $"Only {sample.Output.Count} lines.");
        Assert.DoesNotContain(sample.Output, line => line.Contains(id, StringComparison.Ordinal) || line.Contains(key, StringComparison.Ordinal));
    }
}
