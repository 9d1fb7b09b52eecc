using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

public sealed class CountdownTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task It_opens_at_the_right_second_and_escape_means_stay()
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(server);
        var attached = server.Calls("attach")[0].At;
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        Assert.InRange((server.Elapsed - attached).TotalSeconds, 1.9, 3);
        await Assertions.Expect(page.Part("countdown")).ToContainTextAsync("seconds");

        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
        Assert.Single(server.Calls("activity"));
    }

    [Fact]
    public async Task What_the_user_does_below_it_extends_nothing()
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await page.Mouse.MoveAsync(10, 10);
        await page.Mouse.MoveAsync(20, 20);
        await page.Mouse.ClickAsync(5, 5);
        await page.Keyboard.PressAsync("Tab");
        await page.WaitForTimeoutAsync(1500);

        Assert.Empty(server.Calls("activity"));
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        Assert.True(await page.EvaluateAsync<bool>("() => document.activeElement?.localName === 'session-countdown'"));
    }

    [Fact]
    public async Task Twelve_times_it_can_be_extended_each_time_at_the_last_second()
    {
        await using var server = await StartAsync(timeout: 0.6, countdown: 1.8);
        var page = await OpenAsync(server);
        for (var i = 1; i <= 12; i++)
        {
            await page.WaitForFunctionAsync("() => session.left !== null && session.left < 1000");
            Assert.True(await page.EvaluateAsync<bool>("() => session.stay()"));
            await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        }

        Assert.Equal(12, (await page.FiredAsync()).Count(name => name == "timeout"));
        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task Stay_one_second_before_the_end_is_in_time()
    {
        await using var server = await StartAsync(countdown: 5);
        var page = await OpenAsync(server);
        await page.WaitForFunctionAsync("() => session.left !== null && session.left <= 1000");
        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        await page.WaitForTimeoutAsync(1500);

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task Offline_it_says_so_and_goes_on_when_the_network_is_back()
    {
        await using var server = await StartAsync(countdown: 60);
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await Context.SetOfflineAsync(true);
        await Assertions.Expect(page.Part("note")).ToContainTextAsync("could not be reached");
        Assert.InRange(await page.EvaluateAsync<double>("() => session.left"), 30_000, 60_000);
        await Context.SetOfflineAsync(false);
        await Assertions.Expect(page.Part("note")).ToBeHiddenAsync();
        await page.Part("stay").ClickAsync();

        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
    }

    [Theory]
    [InlineData(ReducedMotion.Reduce)]
    [InlineData(ReducedMotion.NoPreference)]
    public async Task It_moves_only_for_those_who_like_that(ReducedMotion motion)
    {
        await using var server = await StartAsync(countdown: 150);
        var page = await Context.NewPageAsync();
        await page.EmulateMediaAsync(new() { ReducedMotion = motion });
        await page.GotoAsync(server.Url);
        await page.ReadyAsync();
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();

        Assert.Equal(motion == ReducedMotion.Reduce ? "none steps(3)" : "rise linear", await page.Part("dialog").EvaluateAsync<string>(
            """
            dialog => `${getComputedStyle(dialog).animationName} `
              + dialog.getAnimations({ subtree: true }).find(({ effect }) => effect.target.localName === 'circle').effect.getTiming().easing
            """));
    }

    [Fact]
    public async Task Leave_ends_the_session_and_says_so()
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(server);
        await page.Part("leave").ClickAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");

        Assert.Single(server.Calls("exit"));
        Assert.Equal("Exited", await page.EvaluateAsync<string>("() => session.reason"));
        Assert.Equal(0, server.Sessions.Count);
        Assert.False(await page.EvaluateAsync<bool>("() => session.stay()"));
    }

    [Fact]
    public async Task When_nobody_answers_it_turns_into_the_end_and_gives_the_reason()
    {
        await using var server = await StartAsync(countdown: 2);
        var page = await OpenAsync(server);
        await page.WaitForStateAsync("ended");

        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        await Assertions.Expect(page.Part("message")).ToHaveTextAsync("Nothing happened here for a while.");
        await Assertions.Expect(page.Part("leave")).ToBeHiddenAsync();
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        Assert.Equal("ended", await page.StateAsync());
    }

    [Fact]
    public async Task Stay_that_does_not_reach_the_server_stays_open_and_tries_again()
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        server.Failure = new(0);
        await page.Keyboard.PressAsync("Escape");
        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Part("note")).ToContainTextAsync("could not be reached");
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();

        server.Failure = null;
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync(new() { Timeout = 10_000 });
        Assert.Equal(["timeout", "unreachable", "reachable", "active"], await page.FiredAsync());
    }

    [Fact]
    public async Task The_focus_moves_in_is_kept_and_comes_back()
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(server);
        await page.FocusAsync("#name");
        await Assertions.Expect(page.Part("stay")).ToBeFocusedAsync();
        foreach (var key in new[] { "Tab", "Tab", "Tab", "Shift+Tab", "Shift+Tab" })
        {
            await page.Keyboard.PressAsync(key);
            Assert.NotEqual("name", await page.EvaluateAsync<string>("() => document.activeElement.id"));
        }

        await page.Keyboard.PressAsync("Escape");
        await Assertions.Expect(page.Locator("#name")).ToBeFocusedAsync();
    }

    [Fact]
    public async Task It_speaks_at_its_opening_each_minute_and_at_40_and_20_seconds_only()
    {
        await using var server = await StartAsync(timeout: 1, countdown: 3600);
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        var spoken = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const window = document.querySelector('session-countdown'), region = window.shadowRoot.querySelector('[aria-live]');
              const said = [], strings = { title: 't', message: 'm', left: '{time} left.', stay: 's', leave: 'l' };
              window.close();
              new MutationObserver(() => said.push(region.textContent)).observe(region, { childList: true, characterData: true, subtree: true });
              for (let left = 185_000; left >= 0; left -= 500) {
                window.update({ state: 'warning', extendable: true, left, reason: null, strings, lang: 'en' });
                await null;
              }
              return said;
            }
            """);

        Assert.Equal(
            ["4 minutes left.", "3 minutes left.", "2 minutes left.", "1 minute left.", "40 seconds left.", "20 seconds left."], spoken);
    }

    [Fact]
    public async Task An_absolute_end_is_announced_cannot_be_extended_and_lets_the_user_go_on()
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromMinutes(5);
            options.CountdownDuration = TimeSpan.FromSeconds(20);
            options.AbsoluteTimeout = TimeSpan.FromSeconds(23);
        });
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session is about to end");
        await Assertions.Expect(page.Part("message")).ToContainTextAsync("cannot be extended");
        Assert.False(await page.EvaluateAsync<bool>("() => session.status.extendable"));

        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        await page.ReloadAsync();
        await page.ReadyAsync();
        await Assertions.Expect(page.Part("dialog")).ToHaveCountAsync(0);
    }

    [Fact]
    public async Task A_page_may_show_a_window_of_its_own()
    {
        await using var server = await StartAsync(countdown: 30);
        var page = await OpenAsync(server);
        await page.EvaluateAsync("() => { session.addEventListener('sessionlifetime:timeout', event => event.preventDefault()); }");
        await page.WaitForStateAsync("timedOut");
        await page.WaitForTimeoutAsync(300);

        Assert.Equal(0, await page.Locator("session-countdown").CountAsync());
        Assert.True(await page.EvaluateAsync<bool>("() => session.stay()"));
    }

    [Fact]
    public async Task A_subclass_and_texts_of_the_page_take_the_place_of_ours()
    {
        await using var server = await StartAsync(countdown: 30);
        server.Attributes = """data-countdown="my-window" data-strings='{"title":"Anybody there?"}'""";
        var page = await OpenAsync(server);
        await page.EvaluateAsync(
            """
            async () => {
              const { SessionCountdown } = await import('/_session/session-lifetime.js');
              customElements.define('my-window', class extends SessionCountdown {
                update(view) { super.update(view); this.dataset.left = String(view.left); }
              });
            }
            """);
        await Assertions.Expect(page.Locator("my-window [part=title]")).ToHaveTextAsync("Anybody there?");
        await Assertions.Expect(page.Locator("my-window")).ToHaveAttributeAsync("data-left", new Regex(@"\d+"));
    }

    [Fact]
    public async Task It_speaks_german_to_a_german_page()
    {
        await using var server = await StartAsync(countdown: 30);
        server.HtmlAttributes = "lang=\"de-AT\"";
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Sind Sie noch da?");
        await Assertions.Expect(page.Part("countdown")).ToContainTextAsync("Sekunden");
    }

    private static Task<TestServer> StartAsync(double countdown, double? timeout = null) => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = timeout is { } seconds ? TimeSpan.FromSeconds(seconds) : s_timeout;
        options.CountdownDuration = TimeSpan.FromSeconds(countdown);
        options.KeepAliveInterval = TimeSpan.FromSeconds(1);
    });
}
