namespace SessionLifetime.Browser.Tests;

/// <summary>Nothing in the page's markup, storage, options or messages keeps the module from its work.</summary>
public sealed class SurroundingsTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Theory]
    [InlineData("scripts", "baseURI", "documentElement", "head")]
    [InlineData("querySelector", "createElement", "createElementNS", "body")]
    [InlineData("hidden", "visibilityState", "prerendering", "readyState")]
    [InlineData("addEventListener", "dispatchEvent", "activeElement", "adoptedStyleSheets")]
    [InlineData("querySelectorAll", "cookie", "fullscreenElement", "defaultView")]
    public async Task Elements_whose_names_hide_what_a_document_has_stop_nothing(params string[] names)
    {
        foreach (var element in new[] { "<img name={0}>", "<form name={0}></form>" })
        {
            await using var server = await StartAsync(2);
            server.Pages["/"] = $"""
                <!doctype html><html lang="en"><title>t</title>{string.Concat(names.Select(name => element.Replace("{0}", name, StringComparison.Ordinal)))}
                <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
                """;
            var page = await OpenAsync(server);
            await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?");
            await page.Keyboard.PressAsync("Escape");
            await Assertions.Expect(page.Part("dialog")).ToBeHiddenAsync();
            await server.EndAllAsync();
            await page.CheckAsync();
            await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        }
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[1]")]
    [InlineData("{not json")]
    [InlineData("\"text\"")]
    [InlineData("{\"tab\":{}}")]
    [InlineData("{\"tab\":7,\"sid\":[]}")]
    [InlineData("{\"tab\":\"a b\",\"sid\":\"x\\r\\ny: z\"}")]
    [InlineData("{\"tab\":\"\",\"sid\":\"\\u2603\",\"told\":5}")]
    public async Task Whatever_is_in_the_storage_the_tab_gets_a_session_and_keeps_it(string stored)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        foreach (var storage in new[] { "tab", "browser" })
        {
            server.Attributes = $"data-storage=\"{storage}\"";
            server.Pages["/empty"] = "<!doctype html><title>t</title>";
            await page.GotoAsync(server.Url + "/empty");
            await page.EvaluateAsync("text => { sessionStorage.setItem('session-lifetime /_session', text); localStorage.setItem('session-lifetime /_session', text); }", stored);
            await page.GotoAsync(server.Url);
            await page.ReadyAsync();
            var id = await page.IdAsync();
            Assert.NotNull((await page.FetchAsync("/api")).GetProperty("session").GetString());
            await page.ReloadAsync();
            await page.ReadyAsync();
            Assert.Equal(id, await page.IdAsync());
        }
    }

    [Theory]
    [InlineData("tab", "sessionStorage.clear()")]
    [InlineData("browser", "localStorage.clear()")]
    [InlineData("browser", "sessionStorage.clear(); localStorage.clear()")]
    public async Task An_app_that_clears_the_storage_costs_the_tab_nothing(string storage, string clear)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = $"data-storage=\"{storage}\"";
        var page = await OpenAsync(server);
        var id = await page.IdAsync();
        await page.EvaluateAsync(clear);
        await page.ReloadAsync();
        await page.ReadyAsync();

        Assert.Equal(id, await page.IdAsync());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("'text'")]
    [InlineData("{ sid: {}, moved: true }")]
    [InlineData("{ sid: 'a\\r\\nb' }")]
    [InlineData("{ status: 5 }")]
    [InlineData("{ status: { state: 'timedOut', countdown: true } }")]
    [InlineData("{ ended: {} }")]
    public async Task Messages_of_any_kind_throw_nothing_and_change_nothing(string message)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        var id = await page.IdAsync();
        await page.EvaluateAsync(
            $$"""
            async () => {
              for (const name of [`session-lifetime /_session ${session.status.session}`, `session-lifetime /_session ${JSON.parse(sessionStorage['session-lifetime /_session']).tab}`]) {
                new BroadcastChannel(name).postMessage({{message}});
              }
              await new Promise(done => setTimeout(done, 300));
              await session.check();
            }
            """);

        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(id, await page.IdAsync());
        Assert.Empty(await page.FiredAsync());
    }

    [Theory]
    [InlineData("data-strings='{title'", "strings: {title means nothing. It is an object, in the attribute as JSON.")]
    [InlineData("data-strings='7'", "strings: 7 means nothing.")]
    [InlineData("data-keep-alive=always", "keepAlive: always means nothing. It is one of alive, stretch, off.")]
    [InlineData("data-storage=local", "storage: local means nothing. It is one of tab, browser.")]
    [InlineData("data-duplicate-detection=none", "duplicateDetection: none means nothing. It is one of auto, lock, channel, off.")]
    [InlineData("data-keepalive=off", "keepalive is not an option. The options are prefix, idHeader,")]
    [InlineData("data-origins='https://a.example http://['", "origins: https://a.example http://[ means nothing. It is a list of origins.")]
    [InlineData("data-origins='data:,x'", "origins: data:,x means nothing.")]
    [InlineData("data-prefix='javascript:0'", "prefix: javascript:0 means nothing. It is an http(s) address.")]
    [InlineData("data-id-header='a b'", "idHeader: a b means nothing. It is the name of a header.")]
    [InlineData("data-ended-url='javascript:document.title=1'", "endedUrl: javascript:document.title=1 means nothing. It is an http(s) address.")]
    [InlineData("data-countdown='[x]'", "countdown: [x] means nothing. It is on, off, an element, or the name of one of your own.")]
    [InlineData("data-countdown='not-defined'", "countdown: not-defined is not the name of an element with update().")]
    public async Task An_option_that_means_nothing_is_said_once_with_its_choices_and_the_default_is_taken(string option, string said)
    {
        await using var server = await StartAsync(2);
        server.Attributes = option;
        var warnings = await WarningsAsync(server, async page =>
        {
            await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?");
            await server.EndAllAsync();
            await page.CheckAsync();
            await Assertions.Expect(page.Part("title")).ToHaveTextAsync("Your session has ended");
        });

        Assert.StartsWith("session-lifetime: " + said, Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("data-storage data-keep-alive data-countdown data-strings data-lang data-origins data-exempt data-ended-url data-prefix data-id-header")]
    [InlineData("data-strings='{\"title\":\"\"}' data-turbo-track=reload")]
    public async Task Empty_options_mean_the_defaults_and_are_not_spoken_of(string options)
    {
        await using var server = await StartAsync(2);
        server.Attributes = options;
        Assert.Empty(await WarningsAsync(server, page => Assertions.Expect(page.Part("title")).ToHaveTextAsync("Are you still there?")));
    }

    [Fact]
    public async Task A_window_of_the_app_that_throws_stops_no_clock()
    {
        await using var server = await StartAsync(4);
        server.Attributes = "data-countdown=\"bad-window\"";
        server.Pages["/bad.js"] = """
            import { SessionCountdown } from '/_session/session-lifetime.js';
            addEventListener('error', event => event.preventDefault());
            customElements.define('bad-window', class extends SessionCountdown { update() { window.threw = true; throw new Error('bad'); } });
            """;
        var page = await Context.NewPageAsync();
        await page.AddInitScriptAsync("window.reportError = () => {}");
        await page.GotoAsync(server.Url);
        await page.ReadyAsync();
        await page.EvaluateAsync("() => import('/bad.js').then(() => {})");

        await page.WaitForStateAsync("ended");
        Assert.True(await page.EvaluateAsync<bool>("() => window.threw"));
    }

    [Fact]
    public async Task Calls_that_are_wrong_stay_exactly_as_wrong()
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/none"] = "<!doctype html><title>t</title>";
        var plain = await Context.NewPageAsync();
        await plain.GotoAsync(server.Url + "/none");
        const string Wrong = """
            async () => {
              const name = async action => { try { const made = await action(); return `${made}`; } catch (error) { return `${error.name} ${error.message}`; } };
              const xhr = actions => () => { const request = new XMLHttpRequest(); actions(request); };
              return Promise.all([
                () => fetch(),
                () => fetch('/api', { method: 'GET', body: 'x' }),
                () => fetch('/api', { method: 'a b' }),
                () => fetch({ toString() { throw new RangeError('mine'); } }),
                () => fetch.call({}, '/api'),
                () => fetch('/api', 5),
                async () => { const request = new Request('/api', { method: 'POST', body: 'x' }); await request.text(); await fetch(request); },
                xhr(request => request.send()),
                xhr(request => request.open()),
                xhr(request => request.open('GET')),
                xhr(request => request.setRequestHeader('a', 'b')),
                xhr(request => { request.open('GET', '/api'); request.setRequestHeader('X-Session-Id'); }),
                xhr(request => { request.open('GET', '/api'); request.send(); request.send(); }),
                xhr(request => { request.open('GET', '/api'); request.send(); request.setRequestHeader('a', 'b'); }),
                xhr(request => { request.open('GET', 'http://['); }),
                () => navigator.sendBeacon(),
              ].map(name));
            }
            """;
        var before = await plain.EvaluateAsync<string[]>(Wrong);
        var page = await OpenAsync(server);
        Assert.Equal(before, await page.EvaluateAsync<string[]>(Wrong));

        // Also while the requests wait for the session.
        server.Before = static request => request.Path.EndsWith("/attach", StringComparison.Ordinal) ? Task.Delay(1000) : Task.CompletedTask;
        await page.ReloadAsync();
        Assert.Equal(before, await page.EvaluateAsync<string[]>(Wrong));
    }

    [Fact]
    public async Task A_request_that_is_aborted_while_it_waits_is_not_sent_and_says_so()
    {
        await using var server = await TestServer.StartAsync();
        server.Before = static request => request.Path.EndsWith("/attach", StringComparison.Ordinal) ? Task.Delay(500) : Task.CompletedTask;
        server.Pages["/"] = "<!doctype html><title>t</title><script type=\"module\" src=\"/_session/session-lifetime.js\" data-session-lifetime></script>";
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url);
        var heard = await page.EvaluateAsync<string[]>(
            """
            async () => {
              const { start } = await import('/_session/session-lifetime.js');
              const request = new XMLHttpRequest(), heard = [];
              for (const type of ['abort', 'load', 'error', 'loadend']) request.addEventListener(type, () => heard.push(type));
              request.open('GET', '/api');
              request.send();
              request.abort();
              await fetch('/api/none', { signal: AbortSignal.abort() }).catch(error => heard.push(error.name));
              await start().ready;
              await fetch('/api/alive');
              return heard;
            }
            """);

        Assert.Equal(["abort", "loadend", "AbortError"], heard);
        Assert.DoesNotContain(server.Requests, static request => request.Path is "/api" or "/api/none");
    }

    private async Task<List<string>> WarningsAsync(TestServer server, Func<IPage, Task> use)
    {
        var warnings = new List<string>();
        var page = await Context.NewPageAsync();
        page.Console += (_, message) => warnings.AddRange(message.Type == "warning" && message.Text.StartsWith("session-lifetime", StringComparison.Ordinal) ? [message.Text] : []);
        await page.GotoAsync(server.Url);
        await page.ReadyAsync();
        await use(page);
        return warnings;
    }

    private static Task<TestServer> StartAsync(double timeout) => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(timeout);
        options.CountdownDuration = TimeSpan.FromSeconds(timeout == 2 ? 30 : 2);
    });
}
