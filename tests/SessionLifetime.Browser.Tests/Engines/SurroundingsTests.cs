using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Nothing in the page's markup, storage, options or messages keeps the module from its work.</summary>
public sealed class SurroundingsTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    [Row("scripts", "baseURI", "documentElement", "head")]
    [Row("querySelector", "createElement", "createElementNS", "body")]
    [Row("hidden", "visibilityState", "prerendering", "readyState")]
    [Row("addEventListener", "dispatchEvent", "activeElement", "adoptedStyleSheets")]
    [Row("querySelectorAll", "cookie", "fullscreenElement", "defaultView")]
    public async Task Elements_whose_names_hide_what_a_document_has_stop_nothing(EngineKind engine, params string[] names)
    {
        foreach (var element in new[] { "<img name={0}>", "<form name={0}></form>" })
        {
            await using var server = await StartAsync(2);
            server.Pages["/"] = $"""
                <!doctype html><html lang="en"><title>t</title>{string.Concat(names.Select(name => element.Replace("{0}", name, StringComparison.Ordinal)))}
                <script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
                """;
            var page = await OpenAsync(engine, server);
            await page.ShowsPartAsync("title", "Are you still there?");
            await page.PressAsync("Escape");
            await page.ClosesAsync();
            await server.EndAllAsync();
            await page.CheckAsync();
            await page.ShowsPartAsync("title", "Your session has ended");
        }
    }

    [Theory]
    [EngineCase]
    [Row("null")]
    [Row("[1]")]
    [Row("{not json")]
    [Row("\"text\"")]
    [Row("{\"tab\":{}}")]
    [Row("{\"tab\":7,\"sid\":[]}")]
    [Row("{\"tab\":\"a b\",\"sid\":\"x\\r\\ny: z\"}")]
    [Row("{\"tab\":\"\",\"sid\":\"\\u2603\",\"told\":5}")]
    public async Task Whatever_is_in_the_storage_the_tab_gets_a_session_and_keeps_it(EngineKind engine, string stored)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        foreach (var storage in new[] { "tab", "browser" })
        {
            server.Attributes = $"data-storage=\"{storage}\"";
            server.Pages["/empty"] = "<!doctype html><title>t</title>";
            await page.GoToAsync(server.Url + "/empty");
            await page.CallAsync("text => { sessionStorage.setItem('session-lifetime /_session', text); localStorage.setItem('session-lifetime /_session', text); }", stored);
            await page.LeaveAsync(() => page.GoToAsync(server.Url));
            var id = await page.IdAsync();
            Assert.NotNull(await page.FetchedSessionAsync());
            await page.ReloadedAsync();
            Assert.Equal(id, await page.IdAsync());
        }
    }

    /// <summary>Firefox does so where cookies and the data of sites are blocked.</summary>
    [Theory]
    [EngineCase]
    [Row("")]
    [Row("data-duplicate-detection=\"channel\"")]
    [Row("data-storage=\"browser\"")]
    public async Task A_browser_that_blocks_storage_locks_and_channels_has_a_session_as_long_as_the_page_is_open(EngineKind engine, string option)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = option;
        server.First = """
            const blocked = () => { throw new DOMException('blocked', 'SecurityError'); };
            for (const name of ['sessionStorage', 'localStorage']) Object.defineProperty(window, name, { get: blocked });
            window.BroadcastChannel = class { constructor() { blocked(); } };
            LockManager.prototype.request = async () => blocked();
            """;
        var page = await OpenAsync(engine, server);

        Assert.Equal("active", await page.StateAsync());
        Assert.NotNull(await page.FetchedSessionAsync());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    [Row("tab", "sessionStorage.clear()")]
    [Row("browser", "localStorage.clear()")]
    [Row("browser", "sessionStorage.clear(); localStorage.clear()")]
    public async Task An_app_that_clears_the_storage_costs_the_tab_nothing(EngineKind engine, string storage, string clear)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = $"data-storage=\"{storage}\"";
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        await page.RunAsync(clear + ";");
        await page.ReloadedAsync();

        Assert.Equal(id, await page.IdAsync());
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    [Row("null")]
    [Row("'text'")]
    [Row("{ sid: {}, moved: true }")]
    [Row("{ sid: 'a\\r\\nb' }")]
    [Row("{ status: 5 }")]
    [Row("{ status: { state: 'timedOut', countdown: true } }")]
    [Row("{ ended: {} }")]
    public async Task Messages_of_any_kind_throw_nothing_and_change_nothing(EngineKind engine, string message)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();
        await page.CallAsync(
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
    [EngineCase]
    [Row("data-strings='{title'", "strings: {title means nothing. It is an object, in the attribute as JSON.")]
    [Row("data-strings='7'", "strings: 7 means nothing.")]
    [Row("data-keep-alive=always", "keepAlive: always means nothing. It is one of alive, stretch, off.")]
    [Row("data-storage=local", "storage: local means nothing. It is one of tab, browser.")]
    [Row("data-duplicate-detection=none", "duplicateDetection: none means nothing. It is one of auto, lock, channel, off.")]
    [Row("data-keepalive=off", "keepalive is not an option. The options are prefix, idHeader,")]
    [Row("data-origins='https://a.example http://['", "origins: https://a.example http://[ means nothing. It is a list of origins.")]
    [Row("data-origins='data:,x'", "origins: data:,x means nothing.")]
    [Row("data-prefix='javascript:0'", "prefix: javascript:0 means nothing. It is an http(s) address.")]
    [Row("data-id-header='a b'", "idHeader: a b means nothing. It is the name of a header.")]
    [Row("data-ended-url='javascript:document.title=1'", "endedUrl: javascript:document.title=1 means nothing. It is an http(s) address.")]
    [Row("data-countdown='[x]'", "countdown: [x] means nothing. It is on, off, an element, or the name of one of your own.")]
    [Row("data-countdown='not-defined'", "countdown: not-defined is not the name of an element with update().")]
    public async Task An_option_that_means_nothing_is_said_once_with_its_choices_and_the_default_is_taken(EngineKind engine, string option, string said)
    {
        await using var server = await StartAsync(0.5);
        server.Attributes = option;
        var warnings = await WarningsAsync(engine, server, async page =>
        {
            await page.ShowsPartAsync("title", "Are you still there?");
            await server.EndAllAsync();
            await page.CheckAsync();
            await page.ShowsPartAsync("title", "Your session has ended");
        });

        Assert.StartsWith("session-lifetime: " + said, Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Theory]
    [EngineCase]
    [Row("")]
    [Row("data-storage data-keep-alive data-countdown data-strings data-lang data-origins data-exempt data-ended-url data-prefix data-id-header")]
    [Row("data-strings='{\"title\":\"\"}' data-turbo-track=reload")]
    public async Task Empty_options_mean_the_defaults_and_are_not_spoken_of(EngineKind engine, string options)
    {
        await using var server = await StartAsync(0.5);
        server.Attributes = options;
        Assert.Empty(await WarningsAsync(engine, server, page => page.ShowsPartAsync("title", "Are you still there?")));
    }

    [Theory]
    [EngineCase]
    public async Task A_window_of_the_app_that_throws_stops_no_clock(EngineKind engine)
    {
        await using var server = await StartAsync(2, isEnding: true);
        server.Attributes = "data-countdown=\"bad-window\"";
        server.Pages["/bad.js"] = """
            import { SessionCountdown } from '/_session/session-lifetime.js';
            addEventListener('error', event => event.preventDefault());
            customElements.define('bad-window', class extends SessionCountdown { update() { window.threw = true; throw new Error('bad'); } });
            """;
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        server.First = "window.reportError = () => {};";
        await page.LeaveAsync(() => page.GoToAsync(server.Url));
        await page.CallAsync("() => import('/bad.js').then(() => {})");

        await page.WaitForStateAsync("ended");
        Assert.True(await page.CallAsync<bool>("() => window.threw"));
    }

    [Theory]
    [EngineCase]
    public async Task Calls_that_are_wrong_stay_exactly_as_wrong(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/none"] = "<!doctype html><title>t</title>";
        var plain = await (await BrowserAsync(engine)).NewTabAsync();
        await plain.GoToAsync(server.Url + "/none");
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
        var before = await plain.CallAsync<string[]>(Wrong);
        var page = await OpenAsync(engine, server);
        Assert.Equal(before, await page.CallAsync<string[]>(Wrong));

        // Also while the requests wait for the session. (Firefox has other words for a request that is under way, which this one is not yet.)
        server.Before = static request => request.Path.EndsWith("/attach", StringComparison.Ordinal) ? Task.Delay(1000) : Task.CompletedTask;
        await page.ReplaceAsync(page.ReloadAsync);
        Assert.Equal(before.Select(Name), (await page.CallAsync<string[]>(Wrong)).Select(Name));

        string Name(string error) => engine == EngineKind.Firefox ? error.Split(' ')[0] : error;
    }

    [Theory]
    [EngineCase]
    public async Task A_script_in_front_of_the_tag_starts_as_the_tag_says(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/early.js"] = "import { start } from '/_session/session-lifetime.js'; window.early = start({ countdown: 'off' });";
        server.Pages["/"] = """
            <!doctype html><title>t</title><script type="module" src="/early.js"></script>
            <script type="module" src="/_session/session-lifetime.js?v=other" data-session-lifetime data-hand-over="BBBBBBBBBBBBBBBBBBBBBg"></script>
            """;
        var page = await OpenAsync(engine, server);

        Assert.Equal("BBBBBBBBBBBBBBBBBBBBBg", Assert.Single(server.Calls("attach")).Json.GetProperty("handOver").GetString());
        Assert.True(await page.EvaluateAsync<bool>("return (await import('/_session/session-lifetime.js?v=other')).start() === early;"));
    }

    [Theory]
    [EngineCase]
    public async Task A_request_that_is_aborted_while_it_waits_is_not_sent_and_says_so(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Before = static request => request.Path.EndsWith("/attach", StringComparison.Ordinal) ? Task.Delay(500) : Task.CompletedTask;
        server.Pages["/"] = "<!doctype html><title>t</title><script type=\"module\" src=\"/_session/session-lifetime.js\" data-session-lifetime></script>";
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url);
        var heard = await page.CallAsync<string[]>(
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

    private async Task<string[]> WarningsAsync(EngineKind engine, TestServer server, Func<IEngineTab, Task> use)
    {
        server.First = Warnings.Watch;
        var page = await OpenAsync(engine, server);
        await use(page);
        return await page.WarningsAsync();
    }

    private static Task<TestServer> StartAsync(double timeout, bool isEnding = false) => TestServer.StartAsync(options =>
    {
        options.SessionTimeout = TimeSpan.FromSeconds(timeout);
        options.CountdownDuration = TimeSpan.FromSeconds(isEnding ? 2 : 30);
    });
}
