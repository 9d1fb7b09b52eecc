using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>The window among the app's own, the page behind it, the notice, and their language.</summary>
public sealed class WindowTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string Module = """<script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>""";

    [Theory]
    [EngineCase]
    [Row("() => document.querySelector('dialog').showModal()")]
    [Row("() => document.querySelector('#popover').showPopover()")]
    [Row("() => { const root = document.querySelector('#host').attachShadow({ mode: 'open' }); root.innerHTML = '<dialog><button>App</button></dialog>'; root.firstChild.showModal(); }")]
    public async Task It_comes_back_above_what_the_app_opens_later(EngineKind engine, string open)
    {
        await using var server = await StartAsync();
        server.Policy = "";
        server.Pages["/"] = $"""
            <!doctype html><html lang="en"><title>t</title>{Module}
            <dialog><form method="dialog"><p>{new string('x', 400)}</p><button>App</button></form></dialog><div id="popover" popover>P</div><div id="host"></div>
            """;
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();
        await page.CallAsync(open);

        await page.WaitForCallAsync(
            """
            () => {
              const host = document.querySelector('session-countdown'), { left, top, width, height } = host.shadowRoot.querySelector('dialog').getBoundingClientRect();
              return document.elementFromPoint(left + width / 2, top + height / 2) === host && document.activeElement === host;
            }
            """);
        await page.ClickAsync(Part("stay"));
        await page.ClosesAsync();
        Assert.Equal(["timeout", "active"], await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "a wheel that WebDriver turns scrolls this page in no state, with or without the window")]
    public async Task Behind_it_the_page_stands_still_and_afterwards_scrolls_again(EngineKind engine)
    {
        await using var server = await StartAsync();
        server.Pages["/"] = $"<!doctype html><html lang=\"en\"><title>t</title>{Module}<div style=\"height: 5000px\">Long</div>";
        server.Policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; require-trusted-types-for 'script'";
        var page = await OpenAsync(engine, server);
        await page.ResizeAsync(480, 300);
        await page.OpensAsync();
        var width = await page.CallAsync<int>("() => document.documentElement.clientWidth");
        await page.WheelAsync(60, 60, 700);
        await page.PressAsync("PageDown");
        await page.PressAsync("ArrowDown");
        await Task.Delay(500);
        Assert.Equal(0, await page.CallAsync<int>("() => scrollY"));

        await page.ClickAsync(Part("stay"));
        await page.ClosesAsync();
        await ScrollsAsync(page);
        Assert.Equal(width, await page.CallAsync<int>("() => document.documentElement.clientWidth"));
        Assert.Equal(0, await page.CallAsync<int>("() => document.adoptedStyleSheets.length"));
    }

    [Theory]
    [EngineCase]
    [Row("session.stop()")]
    [Row("document.querySelector('session-countdown').remove()")]
    public async Task A_window_that_is_taken_away_lets_the_page_go(EngineKind engine, string take)
    {
        await using var server = await StartAsync();
        var page = await OpenAsync(engine, server);
        await page.OpensAsync();

        // At once: a moment later the window is there again, if the session goes on.
        Assert.Equal(0, await page.CallAsync<int>($"() => {{ {take}; return document.adoptedStyleSheets.length; }}"));
    }

    [Theory]
    [EngineCase]
    public async Task While_the_server_is_away_a_notice_says_so(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Policy = "";
        var page = await OpenAsync(engine, server);
        server.Failure = new(502);
        await page.CheckAsync();
        const string Notice = "session-notice >>> [role=status]";
        await page.ShowsAsync(Notice, "The server could not be reached. Trying again…");
        Assert.True(await page.EvaluateAsync<bool>(
            $"const {{ x, y, width, height }} = {Deep.Find(Notice)}.getBoundingClientRect(); return width > 0 && height > 0 && x >= 0 && y >= 0 && x + width <= innerWidth && y + height <= innerHeight;"));
        Assert.Empty(await page.AxeAsync(server));

        // What is below it can be used.
        Assert.NotEqual("session-notice", await page.EvaluateAsync<string>(
            $"const {{ x, y, width, height }} = {Deep.Find(Notice)}.getBoundingClientRect(); return document.elementFromPoint(x + width / 2, y + height / 2).localName;"));

        server.Failure = null;
        await page.WaitForAsync("!document.querySelector('session-notice')");
    }

    [Theory]
    [EngineCase]
    [Row("data-notice=\"off\"", "")]
    [Row("", "addEventListener('sessionlifetime:unreachable', event => event.preventDefault())")]
    public async Task The_notice_can_be_switched_off_and_replaced(EngineKind engine, string option, string script)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = option;
        var page = await OpenAsync(engine, server);
        await page.CallAsync($"() => {{ {script} }}");
        server.Failure = new(502);
        await page.CheckAsync();
        await Task.Delay(300);

        Assert.Equal(["unreachable"], await page.FiredAsync());
        Assert.Equal(0, await page.CountAsync("session-notice"));
    }

    [Theory]
    [EngineCase]
    [Row("lang=\"de_DE\"", "", "de-DE", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [Row("lang=\"de-1996-x\"", "", "de-1996", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [Row("lang=\"deu\"", "", "de", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [Row("lang=\"-\"", "", "de-DE", "Sind Sie noch da?", "Noch 3 Minuten.")]
    [Row("lang=\"cy\"", "", "en", "Are you still there?", "3 minutes left.")]
    [Row("lang=\"cy\"", """{"title":"Ydych chi yno?"}""", "en", "Ydych chi yno?", "3 minutes left.")]
    [Row("lang=\"cy\"", """{"minutes":"{n} munud"}""", "en", "Are you still there?", "3 minutes left.")]
    [Row("lang=\"cy\"", """{"minutes":"{n} munud","left":"{time} ar ôl."}""", "cy", "Are you still there?", "3 munud ar ôl.")]
    [Row("lang=\"tlh\"", """{"left":"{time} ratlh."}""", "tlh", "Are you still there?", "2:30 ratlh.")]
    [Row("lang=\"fr\"", """{"left":"Encore {time}."}""", "fr", "Are you still there?", "Encore 3 minutes.")]
    [Row("lang=\"de\"", """{"left":"","title":""}""", "de", "Sind Sie noch da?", "Noch 3 Minuten.")]
    public async Task No_sentence_is_in_two_languages_whatever_the_page_calls_its_own(EngineKind engine, string html, string strings, string lang, string title, string spoken)
    {
        await using var server = await TestServer.StartAsync(static options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(0.5);
            options.CountdownDuration = TimeSpan.FromSeconds(150.9);
        });
        server.HtmlAttributes = html;
        server.Attributes = strings.Length > 0 ? $"data-strings='{strings}'" : "";
        server.First = "Object.defineProperty(Navigator.prototype, 'language', { get: () => 'de-DE' });";
        var page = await OpenAsync(engine, server);
        await page.ShowsPartAsync("title", title);

        var heard = await page.TextAsync("session-countdown >>> #time");
        Assert.Equal(spoken, System.Text.RegularExpressions.Regex.Replace(heard!, "^2:\\d\\d", "2:30"));
        Assert.Equal(lang, await page.EvaluateAsync<string>($"return {Deep.Find(Part("dialog"))}.lang;"));
    }

    [Theory]
    [EngineCase]
    public async Task No_address_of_the_page_or_of_an_answer_runs_a_script(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Policy = "";
        server.Attributes = "data-ended-url=\"javascript:document.title='ran'\"";
        var page = await OpenAsync(engine, server);
        server.Pages["/lies"] = "An answer that looks like the end of a session, and leads to a script.";
        server.Headers["/lies"] = new() { ["X-Session-State"] = "ended", ["X-Session-Location"] = "javascript:document.title='ran'" };
        await page.CallAsync("async () => { await fetch('/lies'); }");
        await server.EndAllAsync();
        await page.CheckAsync();
        await page.ShowsPartAsync("title", "Your session has ended");
        await Task.Delay(300);

        Assert.Equal("Order 4711", await page.EvaluateAsync<string>("return document.title;"));
    }

    /// <summary>Turns the wheel until the page scrolls: a turn before the browser has drawn the page without the window still meets one that stands still.</summary>
    private static async Task ScrollsAsync(IEngineTab page)
    {
        for (var turns = 0; await page.CallAsync<int>("() => scrollY") == 0; turns++)
        {
            Assert.True(turns < 50, "The page does not scroll.");
            await page.WheelAsync(60, 60, 700);
            await Task.Delay(100);
        }
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(static options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(2);
        options.CountdownDuration = TimeSpan.FromSeconds(50);
    });
}
