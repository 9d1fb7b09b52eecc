using System.Text.RegularExpressions;

namespace SessionLifetime.Browser.Tests;

/// <summary>The README's code for the browser, taken from the README and run.</summary>
public sealed class ReadmeTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    private static readonly string s_readme = File.ReadAllText(Path.Combine(RepositoryFiles.Root, "README.md"));

    [Fact]
    public async Task A_window_of_the_page_by_the_event()
    {
        await using var server = await StartAsync();
        Serve(server, "", """<div id="still-there" hidden>Still there? <button>Yes</button></div>""", Block("js", "preventDefault"));
        var page = await OpenAsync(server);
        var bar = page.Locator("#still-there");
        await Assertions.Expect(bar).ToBeVisibleAsync();
        Assert.Equal(0, await page.Locator("session-countdown").CountAsync());
        await bar.Locator("button").ClickAsync();
        await Assertions.Expect(bar).ToBeHiddenAsync();

        await server.EndAllAsync();
        await page.CheckAsync();
        await Assertions.Expect(bar).ToHaveTextAsync("Your session has ended: Revoked");
        Assert.Equal(0, await page.Locator("session-countdown").CountAsync());
    }

    [Fact]
    public async Task A_window_of_the_page_by_a_subclass()
    {
        await using var server = await StartAsync();
        Serve(server, "data-countdown=\"title-countdown\"", "", Block("js", "extends SessionCountdown"));
        var page = await OpenAsync(server);
        await Assertions.Expect(page.Locator("title-countdown [part=dialog]")).ToBeVisibleAsync();
        await Assertions.Expect(page).ToHaveTitleAsync(new Regex(@"^\d+ s left$"));
        await page.Locator("title-countdown [part=leave]").ClickAsync();
        await Assertions.Expect(page).ToHaveTitleAsync("Session ended");
    }

    [Fact]
    public async Task A_single_page_app_of_another_origin()
    {
        await using var site = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(site: site.Url);
        site.Policy = "";
        var tag = Block("html", "api.example.com").Replace("https://api.example.com", server.Url, StringComparison.Ordinal);
        site.Pages["/"] = $"<!doctype html><title>t</title>{tag}";
        var page = await Context.NewPageAsync();
        await page.GotoAsync(site.Url);
        await server.WaitForCallsAsync("attach", 1);
        await page.EvaluateAsync("async url => (await import(url + '/_session/session-lifetime.js')).start().ready", server.Url);
        Assert.NotNull((await page.FetchAsync(server.Url + "/api")).GetProperty("session").GetString());
        await page.EvaluateAsync("url => fetch(url + '/api/alive')", server.Url);

        // The answers' headers are readable too: an end is believed, and the page led away.
        site.Pages["/bye"] = server.Pages["/bye"] = "<!doctype html><title>Bye</title>";
        await page.EvaluateAsync("url => { fetch(url + '/api/leave', { method: 'POST' }); }", server.Url);
        await page.LeadsToAsync("/bye");
        Assert.Equal(0, server.Sessions.Count);
    }

    [Fact]
    public async Task The_script_tag_starts_a_session_and_the_table_has_every_option()
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/"] = $"<!doctype html><title>t</title>{Block("html", "\"/_session/session-lifetime.js")}";
        await OpenAsync(server);

        var declarations = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Browser, "session-lifetime.d.ts"));
        var options = Regex.Match(declarations, @"(?<=interface Options \{).*?(?=\n\})", RegexOptions.Singleline).Value;
        var names = Regex.Matches(options, @"(?<=^  )\w+(?=\?:)", RegexOptions.Multiline).Select(match => match.Value).ToList();
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Contains($"`{name}`", s_readme, StringComparison.Ordinal));
        Assert.All(Regex.Matches(s_readme, @"samples/[^)]*\.png").Select(match => match.Value), picture =>
            Assert.True(File.Exists(Path.Combine(RepositoryFiles.Root, picture)), picture));
    }

    private static string Block(string language, string marker) =>
        Regex.Matches(s_readme, $"(?<=```{language}\n).*?(?=```)", RegexOptions.Singleline)
            .Select(match => match.Value)
            .Single(code => code.Contains(marker, StringComparison.Ordinal));

    private static void Serve(TestServer server, string attributes, string body, string script)
    {
        server.Pages["/"] = $"""
            <!doctype html>
            <html lang="en">
            <head>
              <title>Order 4711</title>
              <script type="module" src="/_session/session-lifetime.js" data-session-lifetime {attributes}></script>
              <script type="module" src="/readme.js"></script>
            </head>
            <body>{body}</body>
            </html>
            """;
        server.Pages["/readme.js"] = script;
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(2);
        options.CountdownDuration = TimeSpan.FromSeconds(50);
    });
}
