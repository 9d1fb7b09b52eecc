using System.Diagnostics;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Engines;

namespace SessionLifetime.Browser.Tests;

/// <summary>The code of the pages for the browser and for curl, taken from the pages and run.</summary>
[ChromiumOnly("runs the code of the pages, not the module")]
public sealed class DocumentationTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task A_window_of_the_page_by_the_event()
    {
        await using var server = await StartAsync();
        Serve(server, "", """<div id="still-there" hidden>Still there? <button>Yes</button></div>""", RunBlocks.Window.Code);
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
        Serve(server, "data-countdown=\"title-countdown\"", "", RunBlocks.WindowSubclass.Code);
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
        var tag = RunBlocks.OtherOrigin.Code.Replace("https://api.example.com", server.Url, StringComparison.Ordinal);
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
    public async Task The_script_tag_starts_a_session_and_the_table_has_every_option_and_no_other()
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/"] = $"<!doctype html><title>t</title>{RunBlocks.Tag.Code}";
        await OpenAsync(server);

        var declarations = await File.ReadAllTextAsync(Path.Combine(RepositoryFiles.Browser, "session-lifetime.d.ts"));
        var options = Members(declarations, "interface Options", @"(?<=^  )\w+(?=\?:)");
        var calls = Members(declarations, "interface Controller", @"(?<=^  )(?:readonly )?(?!addEventListener|removeEventListener)(\w+)(?=[(:])").Select(static name => name.Replace("readonly ", "", StringComparison.Ordinal));
        var page = DocumentationPage.Of("src/SessionLifetime/Browser/README.md").Text;
        var rows = page[page.IndexOf("## Options", StringComparison.Ordinal)..page.IndexOf("## Events", StringComparison.Ordinal)].Split('\n').Where(static line => line.StartsWith("| `", StringComparison.Ordinal));
        var listed = rows.SelectMany(static row => Regex.Matches(row.Split('|')[1], @"\w+")).Select(static match => match.Value);
        var events = Members(declarations, "interface SessionLifetimeEventMap", "(?<=^  'sessionlifetime:)\\w+").ToList();

        Assert.Equal(options.Order(), listed.Order());
        Assert.All(calls, name => Assert.Matches($@"`{name}[(`]", page));
        Assert.NotEmpty(events);
        Assert.All(events, name => Assert.Matches($"`(sessionlifetime:)?{name}`", page));
    }

    [Fact]
    public async Task A_link_of_a_page_with_handwritten_tags_has_the_session_of_its_tab()
    {
        await using var server = await NavigationServer.StartAsync(null, static sessions => sessions.AddNavigationRelay(), app => app.Use(async (context, next) =>
        {
            if (context.Request.Path == "/handwritten")
            {
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync($"<!doctype html><title>t</title>{RunBlocks.RelayTag.Code}{RunBlocks.Tag.Code}<a href=\"/plain\">on</a>");
                return;
            }

            await next(context);
        }));
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/handwritten");
        await page.ReadyAsync();
        await Eventually.BecomesTrueAsync(() => server.Calls("relay").Count > 0, () => "the page's tokens");
        var session = await page.EvaluateAsync<string>("async () => (await import('/_session/session-lifetime.js')).start().status.session");
        await page.GetByText("on").ClickAsync();
        await page.LeadsToAsync("/plain");

        Assert.Equal(session, Assert.Single(server.Visits, static visit => visit.Path == "/plain").Session);
    }

    [Fact]
    public async Task A_hub_connection_says_why_it_was_closed()
    {
        await using var server = await RealtimeServer.StartAsync();
        server.Documented = RunBlocks.Hub.Code + "hub.start().then(() => { document.title = 'connected'; });";
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/documented");
        await Assertions.Expect(page).ToHaveTitleAsync("connected");
        var said = await page.RunAndWaitForConsoleMessageAsync(
            async () => await server.EndAsync((await server.Sessions.ListAsync()).Single().Id, SessionEndReason.IdleTimeout),
            new() { Predicate = static message => message.Text.StartsWith("Server returned", StringComparison.Ordinal) });

        Assert.Equal(RunBlocks.Hub.Code.TrimEnd().Split("// ")[^1], said.Text);
    }

    [Fact]
    public async Task The_curl_calls_end_a_session_for_every_reason_they_name()
    {
        var settings = Regex.Matches(RunBlocks.CurlServer.Code, @"(\w+)=(\S+)").ToDictionary(static match => match.Groups[1].Value, static match => match.Groups[2].Value);
        await using var sample = await SampleProcess.StartAsync(settings: settings);
        var calls = RunBlocks.CurlCalls.Code.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var definitions = calls.TakeWhile(static line => line.Contains("() {", StringComparison.Ordinal)).ToList();
        var ends = calls.Where(static line => line.StartsWith("id=", StringComparison.Ordinal)).ToList();

        Assert.Equal(6, ends.Count);
        var answers = await Task.WhenAll(ends.Select(end => CurlAsync(sample, [.. definitions, end])));
        Assert.All(ends.Zip(answers), static pair => Assert.EndsWith($"\"reason\":\"{Regex.Match(pair.First, @"(?<=# )\w+").Value}\"}}", pair.Second.TrimEnd(), StringComparison.Ordinal));
        var heard = await CurlAsync(sample, calls[^1]);
        Assert.Equal(6, Regex.Count(heard, "ApplicationExit"));
    }

    private static List<string> Members(string declarations, string of, string pattern)
    {
        var body = Regex.Match(declarations, $@"(?<={of}\b[^\n]*\{{).*?(?=\n\}})", RegexOptions.Singleline).Value;
        var members = Regex.Matches(body, pattern, RegexOptions.Multiline).Select(static match => match.Value).Distinct().ToList();
        Assert.NotEmpty(members);
        return members;
    }

    private static async Task<string> CurlAsync(SampleProcess sample, params string[] lines)
    {
        var start = new ProcessStartInfo("bash") { UseShellExecute = false, RedirectStandardOutput = true, ArgumentList = { "-c", string.Join('\n', lines).Replace("localhost:5000", sample.Url, StringComparison.Ordinal) } };
        try
        {
            using var process = Process.Start(start)!;
            var output = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            return output;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Requirement.Missing("There is no bash on this machine.");
            throw;
        }
    }

    private static void Serve(TestServer server, string attributes, string body, string script)
    {
        server.Pages["/"] = $"""
            <!doctype html>
            <html lang="en">
            <head>
              <title>Order 4711</title>
              <script type="module" src="/_session/session-lifetime.js" data-session-lifetime {attributes}></script>
              <script type="module" src="/page.js"></script>
            </head>
            <body>{body}</body>
            </html>
            """;
        server.Pages["/page.js"] = script;
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(2);
        options.CountdownDuration = TimeSpan.FromSeconds(50);
    });
}
