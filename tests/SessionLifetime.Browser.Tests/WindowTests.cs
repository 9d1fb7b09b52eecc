using Deque.AxeCore.Playwright;

namespace SessionLifetime.Browser.Tests;

/// <summary>The window among the app's own, the page behind it, the notice, and their language.</summary>
public sealed class WindowTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private const string Module = """<script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>""";

    [Theory]
    [InlineData("() => document.querySelector('dialog').showModal()")]
    [InlineData("() => document.querySelector('#popover').showPopover()")]
    [InlineData("() => { const root = document.querySelector('#host').attachShadow({ mode: 'open' }); root.innerHTML = '<dialog><button>App</button></dialog>'; root.firstChild.showModal(); }")]
    public async Task It_comes_back_above_what_the_app_opens_later(string open)
    {
        await using var server = await StartAsync();
        server.Policy = "";
        server.Pages["/"] = $"""
            <!doctype html><html lang="en"><title>t</title>{Module}
            <dialog><form method="dialog"><p>{new string('x', 400)}</p><button>App</button></form></dialog><div id="popover" popover>P</div><div id="host"></div>
            """;
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await page.EvaluateAsync(open);

        await page.WaitForFunctionAsync(
            """
            () => {
              const host = document.querySelector('session-countdown'), { left, top, width, height } = host.shadowRoot.querySelector('dialog').getBoundingClientRect();
              return document.elementFromPoint(left + width / 2, top + height / 2) === host && document.activeElement === host;
            }
            """);
        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
    }

    [Fact]
    public async Task Behind_it_the_page_stands_still_and_afterwards_scrolls_again()
    {
        await using var server = await StartAsync();
        server.Pages["/"] = $"<!doctype html><html lang=\"en\"><title>t</title>{Module}<div style=\"height: 5000px\">Long</div>";
        server.Policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; require-trusted-types-for 'script'";
        var page = await OpenAsync(server);
        await page.SetViewportSizeAsync(320, 256);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        var width = await page.EvaluateAsync<int>("() => document.documentElement.clientWidth");
        await page.Mouse.MoveAsync(2, 2);
        await page.Mouse.WheelAsync(0, 700);
        await page.Keyboard.PressAsync("PageDown");
        await page.Keyboard.PressAsync("ArrowDown");
        await page.WaitForTimeoutAsync(500);
        Assert.Equal(0, await page.EvaluateAsync<int>("() => scrollY"));

        await page.Part("stay").ClickAsync();
        await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
        await page.Mouse.WheelAsync(0, 700);
        await page.WaitForFunctionAsync("() => scrollY > 0");
        Assert.Equal(width, await page.EvaluateAsync<int>("() => document.documentElement.clientWidth"));
        Assert.Equal(0, await page.EvaluateAsync<int>("() => document.adoptedStyleSheets.length"));
    }

    [Theory]
    [InlineData("session.stop()")]
    [InlineData("document.querySelector('session-countdown').remove()")]
    public async Task A_window_that_is_taken_away_lets_the_page_go(string take)
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await page.EvaluateAsync($"() => {{ {take} }}");

        Assert.Equal(0, await page.EvaluateAsync<int>("() => document.adoptedStyleSheets.length"));
    }

    [Fact]
    public async Task While_the_server_is_away_a_notice_says_so()
    {
        await using var server = await TestServer.StartAsync();
        server.Policy = "";
        var page = await OpenAsync(server);
        server.Failure = new(502);
        await page.CheckAsync();
        var notice = page.Locator("session-notice [role=status]");
        await Assertions.Expect(notice).ToHaveTextAsync("The server could not be reached. Trying again…");
        await Assertions.Expect(notice).ToBeVisibleAsync();
        await page.ClickAsync("#next", new() { Trial = true });
        var found = await page.RunAxe();
        Assert.Empty(found.Violations);

        server.Failure = null;
        await Assertions.Expect(page.Locator("session-notice")).ToHaveCountAsync(0);
    }

    [Theory]
    [InlineData("data-notice=\"off\"", "")]
    [InlineData("", "addEventListener('sessionlifetime:unreachable', event => event.preventDefault())")]
    public async Task The_notice_can_be_switched_off_and_replaced(string option, string script)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = option;
        var page = await OpenAsync(server);
        await page.EvaluateAsync($"() => {{ {script} }}");
        server.Failure = new(502);
        await page.CheckAsync();
        await page.WaitForTimeoutAsync(300);

        Assert.Equal(["unreachable"], await page.FiredAsync());
        Assert.Equal(0, await page.Locator("session-notice").CountAsync());
    }

    [Theory]
    [InlineData("lang=\"de_DE\"", "", "de-DE", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [InlineData("lang=\"de-1996-x\"", "", "de-1996", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [InlineData("lang=\"deu\"", "", "de", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [InlineData("lang=\"-\"", "", "de-DE", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [InlineData("lang=\"cy\"", "", "en", "Are you still there?", "3 minutes left.")]
    [InlineData("lang=\"cy\"", """{"title":"Ydych chi yno?"}""", "en", "Ydych chi yno?", "3 minutes left.")]
    [InlineData("lang=\"cy\"", """{"minutes":"{n} munud"}""", "en", "Are you still there?", "3 minutes left.")]
    [InlineData("lang=\"cy\"", """{"minutes":"{n} munud","left":"{time} ar ôl."}""", "cy", "Are you still there?", "3 munud ar ôl.")]
    [InlineData("lang=\"tlh\"", """{"left":"{time} ratlh."}""", "tlh", "Are you still there?", "2:30 ratlh.")]
    [InlineData("lang=\"fr\"", """{"left":"Encore {time}."}""", "fr", "Are you still there?", "Encore 3 minutes.")]
    [InlineData("lang=\"de\"", """{"left":"","title":""}""", "de", "Sind Sie noch da?", "Noch 3 Minuten.")]
    public async Task No_sentence_is_in_two_languages_whatever_the_page_calls_its_own(string html, string strings, string lang, string title, string spoken)
    {
        await using var german = await Chromium.NewContextAsync(new() { Locale = "de-DE" });
        await using var server = await TestServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(1);
            options.CountdownDuration = TimeSpan.FromSeconds(150.9);
        });
        server.HtmlAttributes = html;
        server.Attributes = strings.Length > 0 ? $"data-strings='{strings}'" : "";
        var page = await german.NewPageAsync();
        var errors = new List<string>();
        page.PageError += (_, error) => errors.Add(error);
        await page.GotoAsync(server.Url);
        await page.ReadyAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync(title);

        var heard = await page.TextContentAsync("session-countdown #time");
        Assert.Equal(spoken, System.Text.RegularExpressions.Regex.Replace(heard!, "^2:\\d\\d", "2:30"));
        Assert.Equal(lang, await page.Part("dialog").GetAttributeAsync("lang"));
        Assert.Empty(errors);
    }

    [Fact]
    public async Task No_address_of_the_page_or_of_an_answer_runs_a_script()
    {
        await using var server = await TestServer.StartAsync();
        server.Policy = "";
        server.Attributes = "data-ended-url=\"javascript:document.title='ran'\"";
        var page = await OpenAsync(server);
        await page.RouteAsync("**/api/leave", static route => route.FulfillAsync(new()
        {
            Headers = new Dictionary<string, string> { ["X-Session-State"] = "ended", ["X-Session-Location"] = "javascript:document.title='ran'" },
        }));
        await page.EvaluateAsync("async () => { await fetch('/api/leave', { method: 'POST' }); }");
        await server.EndAllAsync();
        await page.CheckAsync();
        await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        await page.WaitForTimeoutAsync(300);

        Assert.Equal("Order 4711", await page.TitleAsync());
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(static options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(2);
        options.CountdownDuration = TimeSpan.FromSeconds(50);
    });
}
