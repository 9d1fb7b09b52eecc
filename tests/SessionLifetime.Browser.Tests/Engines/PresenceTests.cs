using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>What counts as the user's doing, wherever in the page it happens.</summary>
public sealed class PresenceTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string Keys = "a key that WebDriver presses reaches the page around the frame";

    private const string Module = """<script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>""";

    private const string Input = "<!doctype html><title>f</title><input>";

    [Theory]
    [EngineCase]
    [Row("there from the start", "<iframe src='/frame'></iframe>", "")]
    [Row("nested", "<iframe src='/nested'></iframe>", "")]
    [Row("an object", "<object data='/frame' type='text/html' width='300' height='100'></object>", "")]
    [Row("of no address", "<iframe srcdoc='<input>'></iframe>", "")]
    [Row("added later", "", "() => { const frame = document.createElement('iframe'); frame.src = '/frame'; document.body.append(frame); }")]
    [Row("loaded anew", "<iframe src='/other'></iframe>", "() => { frames[0].location = '/frame'; }")]
    [Row("written anew", "<iframe></iframe>", "() => { const to = frames[0].document; to.open(); to.write('<input>'); to.close(); }")]
    [Row("in a shadow root", "<div id='host'></div>", "() => { document.querySelector('#host').attachShadow({ mode: 'open' }).innerHTML = '<iframe src=\"/frame\"></iframe>'; }")]
    public async Task What_the_user_types_in_a_frame_is_reported(EngineKind engine, string kind, string body, string script)
    {
        await using var server = await StartAsync(body);
        var page = await OpenAsync(engine, server, "/top");
        if (script.Length > 0)
        {
            await page.CallAsync(script);
        }

        await TypeAsync(engine, page, kind switch { "nested" => "frames[0].frames[0]", "in a shadow root" => $"{Deep.Find("#host >>> iframe")}.contentWindow", _ => "frames[0]" }, kind == "in a shadow root" ? "#host >>> iframe" : "iframe, object");

        await server.WaitForReportAsync();
    }

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, "it calls no listener in a frame whose scripts are off, not even one of the page around it")]
    public Task What_the_user_types_in_a_frame_without_scripts_is_reported(EngineKind engine) =>
        What_the_user_types_in_a_frame_is_reported(engine, "sandboxed, without scripts", "<iframe src='/frame' sandbox='allow-same-origin'></iframe>", "");

    [Theory]
    [EngineCase]
    [Lacks(EngineKind.WebKit, Keys)]
    public async Task A_user_who_types_in_a_frame_for_longer_than_the_timeout_is_not_warned(EngineKind engine)
    {
        await using var server = await StartAsync("<iframe src='/frame'></iframe>");
        var page = await OpenAsync(engine, server, "/top");
        for (var i = 0; i < 40; i++)
        {
            await (i == 0 ? TypeAsync(engine, page, "frames[0]", "iframe") : page.PressAsync("x"));
            await Task.Delay(150);
        }

        Assert.DoesNotContain("timeout", await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_frame_with_the_module_reports_by_itself_and_its_page_reports_nothing(EngineKind engine)
    {
        await using var server = await StartAsync("<iframe src='/with-module'></iframe>");
        server.Pages["/with-module"] = Input + Module;
        var page = await OpenAsync(engine, server, "/top");
        await server.WaitForCallsAsync("attach", 2);
        var own = await page.PageIdAsync();
        await page.WaitForCallAsync("() => frames[0][Symbol.for('session-lifetime')]?.status");
        await TypeAsync(engine, page, "frames[0]", "iframe");
        await server.WaitForReportAsync();

        Assert.DoesNotContain(server.Reports, call => call.PageId == own);
    }

    [Theory]
    [EngineCase]
    public async Task What_the_module_cannot_see_is_told_by_active_and_counts_as_a_key_press(EngineKind engine)
    {
        await using var server = await StartAsync("");
        var page = await OpenAsync(engine, server, "/top");
        await page.CallAsync("() => { setInterval(() => session.active(), 100); }");
        await Task.Delay(6000);

        Assert.DoesNotContain("timeout", await page.FiredAsync());
        Assert.InRange(server.Calls("activity").Count, 3, 8);
    }

    [Theory]
    [EngineCase]
    public async Task While_the_countdown_shows_active_extends_nothing(EngineKind engine)
    {
        await using var server = await StartAsync("");
        var page = await OpenAsync(engine, server, "/top");
        await page.OpensAsync();
        await page.CallAsync("() => session.active()");
        await Task.Delay(1500);

        Assert.Empty(server.Calls("activity"));
        await page.OpensAsync();
    }

    [Theory]
    [EngineCase]
    [Row("data-media=\"on\"", "", true)]
    [Row("data-media=\"on\"", "loop", true)]
    [Row("data-media=\"on\"", "loop muted", false)]
    [Row("", "", false)]
    public async Task Playing_media_is_presence_where_the_page_says_so_and_it_is_no_decoration(EngineKind engine, string option, string attributes, bool isPresence)
    {
        await using var server = await StartAsync($"<audio id='sound' {attributes}></audio>", option);
        server.Policy = "";
        var page = await OpenAsync(engine, server, "/top");
        await page.ClickAsync("body");
        await page.CallAsync(
            """
            async () => {
              // Ten seconds of silence, 8 bits, 8 kHz.
              const bytes = new Uint8Array(44 + 80_000).fill(128), view = new DataView(bytes.buffer);
              const text = (at, it) => [...it].forEach((character, i) => view.setUint8(at + i, character.charCodeAt(0)));
              text(0, 'RIFF'); view.setUint32(4, 80_036, true); text(8, 'WAVEfmt '); view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
              view.setUint32(24, 8000, true); view.setUint32(28, 8000, true); view.setUint16(32, 1, true); view.setUint16(34, 8, true); text(36, 'data'); view.setUint32(40, 80_000, true);
              const sound = document.querySelector('#sound');
              sound.src = URL.createObjectURL(new Blob([bytes], { type: 'audio/wav' }));
              await sound.play();
            }
            """);
        if (isPresence)
        {
            await Task.Delay(6000);
            Assert.DoesNotContain("timeout", await page.FiredAsync());
        }
        else
        {
            await page.WaitForStateAsync("timedOut");
        }
    }

    /// <summary>Types into the input of a frame, as a user does: a click on it, and keys.</summary>
    private static async Task TypeAsync(EngineKind engine, IEngineTab page, string frame, string element)
    {
        await page.WaitForAsync($"{frame}?.document.readyState === 'complete' && {frame}.document.querySelector('input')");

        // It fills the frame, so that a click in the middle of the frame is one on it.
        await page.RunAsync($"for (const at of [{frame}, {frame}.parent]) for (const it of at.document.querySelectorAll('input, iframe')) if (at !== window) {{ it.setAttribute('style', 'position: fixed; inset: 0; width: 100%; height: 100%'); }}");
        await page.ClickAsync(element);
        await page.WaitForAsync($"{frame}.document.activeElement?.localName === 'input'");
        await (engine == EngineKind.WebKit ? page.ClickAsync(element) : Task.CompletedTask);
        if (engine != EngineKind.WebKit)
        {
            // There a key that WebDriver presses reaches the page around the frame; a second click is as good.
            await page.PressAsync("x");
        }
    }

    private static async Task<TestServer> StartAsync(string body, string option = "")
    {
        var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(4);
            options.CountdownDuration = TimeSpan.FromSeconds(30);
        });
        server.Policy = "";
        server.Pages["/top"] = $"<!doctype html><title>t</title>{Module.Replace("lifetime>", $"lifetime {option}>", StringComparison.Ordinal)}<body style='min-height: 90vh'>{body}</body>";
        server.Pages["/frame"] = Input;
        server.Pages["/other"] = "<!doctype html><title>o</title>";
        server.Pages["/nested"] = "<!doctype html><title>n</title><iframe src='/frame'></iframe>";
        return server;
    }
}
