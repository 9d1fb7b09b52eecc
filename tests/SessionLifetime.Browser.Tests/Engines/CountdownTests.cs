using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class CountdownTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    [Theory]
    [EngineCase]
    public async Task It_opens_at_the_right_second_and_escape_means_stay(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(engine, server);
        var attached = server.Calls("attach")[0].At;
        await page.OpensAsync();
        Assert.InRange((server.Elapsed - attached).TotalSeconds, 1.9, 3);
        await page.SaysPartAsync("countdown", "seconds");

        await page.PressAsync("Escape");
        await page.ClosesAsync();
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
        Assert.Single(server.Calls("activity"));
    }

    [Theory]
    [EngineCase]
    public async Task What_the_user_does_below_it_extends_nothing(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30, timeout: 0.5);
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();
        await page.MoveToAsync(10, 10);
        await page.MoveToAsync(20, 20);
        await page.ClickAtAsync(5, 5);
        await page.PressAsync("Tab");
        await Task.Delay(1500);

        Assert.Empty(server.Calls("activity"));
        await page.OpensAsync();
        Assert.True(await page.CallAsync<bool>("() => document.activeElement?.localName === 'session-countdown'"));
    }

    [Theory]
    [EngineCase]
    public async Task Without_the_network_it_says_so_and_goes_on_when_it_is_back(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 60);
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();
        server.Failure = new(0);
        await page.SaysPartAsync("note", "could not be reached");
        Assert.InRange(await page.CallAsync<double>("() => session.left"), 30_000, 60_000);
        server.Failure = null;
        await page.RunAsync("dispatchEvent(new Event('online'));");
        await page.WaitForAsync($"{Deep.Find(Part("note"))}.hidden");
        await page.ClickAsync(Part("stay"));

        await page.ClosesAsync();
    }

    [Theory]
    [EngineCase]
    [Row(900, 700)]
    [Row(500, 700)]
    public async Task It_is_as_high_as_what_is_in_it(EngineKind engine, int width, int height)
    {
        await using var server = await StartAsync(countdown: 60, timeout: 0.5);
        var page = await OpenAsync(engine, server);
        await page.ResizeAsync(width, height);
        await page.OpensAsync();

        // A button of one line, and a window of a few.
        Assert.InRange(await page.EvaluateAsync<double>($"return {Deep.Find(Part("stay"))}.offsetHeight;"), 40, 60);
        Assert.InRange(await page.EvaluateAsync<double>($"return {Deep.Find(Part("dialog"))}.offsetHeight;"), 150, 420);
    }

    [Theory]
    [EngineCase]
    public async Task Its_ring_runs_down_with_the_time(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 60, timeout: 0.5);
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();

        Assert.Equal("rise linear 1", await page.CallAsync<string>(
            """
            () => {
              const dialog = document.querySelector('session-countdown').shadowRoot.querySelector('dialog');
              const arc = dialog.getAnimations({ subtree: true }).map(({ effect }) => effect).find(({ target }) => target.localName === 'circle');
              return `${getComputedStyle(dialog).animationName} ${arc.getTiming().easing} ${arc.target.getTotalLength() > 0 && arc.target.pathLength.baseVal}`;
            }
            """));
        var gone = $"parseFloat(getComputedStyle({Deep.Find("session-countdown >>> circle + circle")}).strokeDashoffset)";
        var before = await page.EvaluateAsync<double>($"return {gone};");
        await page.WaitForAsync($"{gone} > {before.ToString(System.Globalization.CultureInfo.InvariantCulture)} + .01");
        Assert.InRange(before, 0, 0.5);
    }

    [Theory]
    [EngineCase]
    public async Task Leave_ends_the_session_and_says_so(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30, timeout: 0.5);
        var page = await OpenAsync(engine, server);
        await page.ClickAsync(Part("leave"));
        await page.ShowsPartAsync("title", "Your session has ended");

        Assert.Single(server.Calls("exit"));
        Assert.Equal("Exited", await page.CallAsync<string>("() => session.reason"));
        Assert.Equal(0, server.Sessions.Count);
        Assert.False(await page.CallAsync<bool>("() => session.stay()"));
    }

    [Theory]
    [EngineCase]
    public async Task When_nobody_answers_it_turns_into_the_end_and_gives_the_reason(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 2, timeout: 0.5);
        var page = await OpenAsync(engine, server);
        await page.WaitForStateAsync("ended");

        await page.ShowsPartAsync("title", "Your session has ended");
        await page.ShowsPartAsync("message", "Nothing happened here for a while.");
        Assert.True(await page.EvaluateAsync<bool>($"return {Deep.Find(Part("leave"))}.hidden;"));
        await page.PressAsync("Escape");
        await page.ClosesAsync();
        Assert.Equal("ended", await page.StateAsync());
    }

    [Theory]
    [EngineCase]
    public async Task Stay_that_does_not_reach_the_server_stays_open_and_tries_again(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();
        server.Failure = new(0);
        await page.PressAsync("Escape");
        await page.PressAsync("Escape");
        await page.SaysPartAsync("note", "could not be reached");
        await page.OpensAsync();

        server.Failure = null;
        await page.ClosesAsync();
        Assert.Equal(["timeout", "unreachable", "reachable", "active"], await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    public async Task The_focus_moves_in_is_kept_and_comes_back(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(engine, server);
        await page.RunAsync("document.querySelector('#name').focus();");
        await page.OpensAsync();
        const string Focused = "document.querySelector('session-countdown').shadowRoot.activeElement?.part.value";
        await page.WaitForAsync($"{Focused} === 'dialog'");
        await page.PressAsync("Tab");
        Assert.Equal("stay", await page.EvaluateAsync<string>($"return {Focused};"));
        await page.PressAsync("Tab");
        Assert.Equal("leave", await page.EvaluateAsync<string>($"return {Focused};"));
        foreach (var key in new[] { "Tab", "Shift+Tab", "Shift+Tab" })
        {
            await page.PressAsync(key);
            Assert.NotEqual("name", await page.CallAsync<string>("() => document.activeElement.id"));
        }

        await page.PressAsync("Escape");
        await page.WaitForAsync("document.activeElement.id === 'name'");
    }

    [Theory]
    [EngineCase]
    public async Task It_speaks_at_its_opening_each_minute_and_at_40_and_20_seconds_only(EngineKind engine)
    {
        await using var server = await StartAsync(timeout: 1, countdown: 3600);
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();
        var spoken = await page.CallAsync<string[]>(
            """
            async () => {
              const window = document.querySelector('session-countdown'), region = window.shadowRoot.querySelector('[aria-live]');
              const said = [], strings = { title: 't', message: 'm', left: '{time} left.', stay: 's', leave: 'l' };
              window.close();
              new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
              for (let left = 185_000; left >= 0; left -= 500) {
                // Answers take longer now and then: the next one gives some time back.
                const jitter = left % 3000 === 1000 ? 900 : 0;
                window.update({ state: 'warning', extendable: true, left: left + jitter, reason: null, strings, lang: 'en' });
                await null;
              }
              return said;
            }
            """);

        Assert.Equal(
            ["4 minutes left.", "3 minutes left.", "2 minutes left.", "1 minute left.", "40 seconds left.", "20 seconds left."], spoken);
    }

    [Theory]
    [EngineCase]
    public async Task An_absolute_end_is_announced_cannot_be_extended_and_lets_the_user_go_on(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(5);
            options.CountdownDuration = TimeSpan.FromSeconds(20);
            options.AbsoluteTimeout = TimeSpan.FromSeconds(23);
        });
        var page = await OpenAsync(engine, server);
        await page.ShowsPartAsync("title", "Your session is about to end");
        await page.SaysPartAsync("message", "cannot be extended");
        Assert.False(await page.CallAsync<bool>("() => session.status.extendable"));

        await page.ClickAsync(Part("stay"));
        await page.ClosesAsync();
        await page.ReloadedAsync();
        Assert.Equal(0, await page.CountAsync("session-countdown"));
    }

    [Theory]
    [EngineCase]
    public async Task A_page_may_show_a_window_of_its_own(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { session.addEventListener('sessionlifetime:timeout', event => event.preventDefault()); }");
        await page.WaitForStateAsync("timedOut");
        await Task.Delay(300);

        Assert.Equal(0, await page.CountAsync("session-countdown"));
        Assert.True(await page.CallAsync<bool>("() => session.stay()"));
    }

    [Theory]
    [EngineCase]
    public async Task A_subclass_and_texts_of_the_page_take_the_place_of_ours(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30);
        server.Attributes = """data-countdown="my-window" data-strings='{"title":"Anybody there?"}'""";
        var page = await OpenAsync(engine, server);
        await page.CallAsync(
            """
            async () => {
              const { SessionCountdown } = await import('/_session/session-lifetime.js');
              customElements.define('my-window', class extends SessionCountdown {
                update(view) { super.update(view); this.dataset.left = String(view.left); }
              });
            }
            """);
        await page.WaitForAsync($"{Deep.Find("my-window >>> slot[name=title]")}?.assignedNodes({{ flatten: true }})[0].textContent === 'Anybody there?'");
        await page.WaitForAsync("/^[0-9]/.test(document.querySelector('my-window').dataset.left)");
    }

    [Theory]
    [EngineCase]
    public async Task It_speaks_german_to_a_german_page(EngineKind engine)
    {
        await using var server = await StartAsync(countdown: 30, timeout: 0.5);
        server.HtmlAttributes = "lang=\"de-AT\"";
        var page = await OpenAsync(engine, server);
        await page.ShowsPartAsync("title", "Sind Sie noch da?");
        await page.SaysPartAsync("countdown", "Sekunden");
    }

    private static Task<TestServer> StartAsync(double countdown, double? timeout = null) => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : s_timeout;
        options.CountdownDuration = TimeSpan.FromSeconds(countdown);
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
    });
}
