namespace SessionLifetime.Browser.Tests;

/// <summary>What counts as the user's doing, wherever in the page it happens.</summary>
public sealed class PresenceTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private const string Module = """<script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>""";

    private const string Input = "<!doctype html><title>f</title><input>";

    [Theory]
    [InlineData("there from the start", "<iframe src='/frame'></iframe>", "")]
    [InlineData("sandboxed, without scripts", "<iframe src='/frame' sandbox='allow-same-origin'></iframe>", "")]
    [InlineData("nested", "<iframe src='/nested'></iframe>", "")]
    [InlineData("an object", "<object data='/frame' type='text/html' width='300' height='100'></object>", "")]
    [InlineData("of no address", "<iframe srcdoc='<input>'></iframe>", "")]
    [InlineData("added later", "", "() => { const frame = document.createElement('iframe'); frame.src = '/frame'; document.body.append(frame); }")]
    [InlineData("loaded anew", "<iframe src='/other'></iframe>", "() => { frames[0].location = '/frame'; }")]
    [InlineData("written anew", "<iframe></iframe>", "() => { const to = frames[0].document; to.open(); to.write('<input>'); to.close(); }")]
    [InlineData("in a shadow root", "<div id='host'></div>", "() => { document.querySelector('#host').attachShadow({ mode: 'open' }).innerHTML = '<iframe src=\"/frame\"></iframe>'; }")]
    public async Task What_the_user_types_in_a_frame_is_reported(string kind, string body, string script)
    {
        await using var server = await StartAsync(body);
        var page = await OpenAsync(server, "/top");
        if (script.Length > 0)
        {
            await page.EvaluateAsync(script);
        }

        await Eventually.BecomesTrueAsync(() => page.Frames.Count == (kind == "nested" ? 3 : 2), () => $"the frame that is {kind}");
        var input = page.Frames[^1].Locator("input");
        await Assertions.Expect(input).ToBeVisibleAsync();
        await input.PressSequentiallyAsync("text", new() { Delay = 50 });

        await server.WaitForCallsAsync("activity", 1, TimeSpan.FromSeconds(8));
    }

    [Fact]
    public async Task A_user_who_types_in_a_frame_for_longer_than_the_timeout_is_not_warned()
    {
        await using var server = await StartAsync("<iframe src='/frame'></iframe>");
        var page = await OpenAsync(server, "/top");
        for (var i = 0; i < 40; i++)
        {
            await page.FrameLocator("iframe").Locator("input").PressSequentiallyAsync("x");
            await page.WaitForTimeoutAsync(150);
        }

        Assert.DoesNotContain("timeout", await page.FiredAsync());
    }

    [Fact]
    public async Task A_frame_with_the_module_reports_by_itself_and_its_page_reports_nothing()
    {
        await using var server = await StartAsync("<iframe src='/with-module'></iframe>");
        server.Pages["/with-module"] = Input + Module;
        var page = await OpenAsync(server, "/top");
        await server.WaitForCallsAsync("attach", 2);
        var own = await page.PageIdAsync();
        await page.WaitForFunctionAsync("() => frames[0][Symbol.for('session-lifetime')]?.status");
        await page.FrameLocator("iframe").Locator("input").PressSequentiallyAsync("text");
        await server.WaitForCallsAsync("activity", 1, TimeSpan.FromSeconds(8));

        Assert.DoesNotContain(server.Calls("activity"), call => call.PageId == own);
    }

    [Fact]
    public async Task What_the_module_cannot_see_is_told_by_active_and_counts_as_a_key_press()
    {
        await using var server = await StartAsync("");
        var page = await OpenAsync(server, "/top");
        await page.EvaluateAsync("() => { setInterval(() => session.active(), 100); }");
        await page.WaitForTimeoutAsync(6000);

        Assert.DoesNotContain("timeout", await page.FiredAsync());
        Assert.InRange(server.Calls("activity").Count, 3, 8);
    }

    [Fact]
    public async Task While_the_countdown_shows_active_extends_nothing()
    {
        await using var server = await StartAsync("");
        var page = await OpenAsync(server, "/top");
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
        await page.EvaluateAsync("() => session.active()");
        await page.WaitForTimeoutAsync(1500);

        Assert.Empty(server.Calls("activity"));
        await Assertions.Expect(page.Part("dialog")).ToBeVisibleAsync();
    }

    [Theory]
    [InlineData("data-media=\"on\"", "", true)]
    [InlineData("data-media=\"on\"", "loop", true)]
    [InlineData("data-media=\"on\"", "loop muted", false)]
    [InlineData("", "", false)]
    public async Task Playing_media_is_presence_where_the_page_says_so_and_it_is_no_decoration(string option, string attributes, bool isPresence)
    {
        await using var server = await StartAsync($"<audio id='sound' {attributes}></audio>", option);
        server.Policy = "";
        var page = await OpenAsync(server, "/top");
        await page.Locator("body").ClickAsync();
        await page.EvaluateAsync(
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
            await page.WaitForTimeoutAsync(6000);
            Assert.DoesNotContain("timeout", await page.FiredAsync());
        }
        else
        {
            await page.WaitForStateAsync("timedOut");
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
