using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Which requests of the app carry the id, and what their answers tell the module.</summary>
public sealed class RequestTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task Requests_to_another_origin_on_the_list_go_on_working_after_the_session_is_bound(EngineKind engine)
    {
        await using var site = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(300), site: site.Url);
        var page = await OpenSiteAsync(engine, site, server);
        await server.WaitForCallsAsync("ping", 2);
        foreach (var request in new[] { "fetch(url)", "fetch(new Request(url))", "fetch(new URL(url), { method: 'POST', body: 'x' })", "fetch(url, { credentials: 'include' })", "xhr(url)" })
        {
            var session = await page.CallAsync<string>(
                $$"""
                async url => {
                  const xhr = async to => {
                    const made = new XMLHttpRequest();
                    made.open('POST', to);
                    await new Promise(done => { made.onloadend = done; made.send(); });
                    return { json: () => JSON.parse(made.responseText) };
                  };
                  return (await (await {{request}}).json()).session;
                }
                """,
                server.Url + "/api");
            Assert.True(session is not null, request);
        }
    }

    [Theory]
    [EngineCase]
    [Row("omit")]
    [Row("same-origin")]
    public async Task What_the_app_says_of_credentials_stands_and_the_console_explains_the_refusal(EngineKind engine, string credentials)
    {
        await using var site = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(300), site: site.Url);
        var page = await OpenSiteAsync(engine, site, server);
        await server.WaitForCallsAsync("ping", 2);
        await page.CallAsync("async ([url, credentials]) => { await fetch(url, { credentials }); }", new[] { server.Url + "/api", credentials });

        Assert.Equal(
            [$"session-lifetime: {server.Url}/api refused the session (wrongBrowser), for the request carried no cookie: it needs credentials: 'include'."],
            await page.WarningsAsync());
        Assert.Empty(server.Requests.Last(static request => request.Path == "/api" && request.Method == "GET").Headers.Cookie.ToString());
    }

    [Theory]
    [EngineCase]
    public async Task Paths_and_calls_can_be_exempted(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-exempt=\"/api/note /files/\"";
        var page = await OpenAsync(engine, server);
        await page.CallAsync(
            """
            async () => {
              for (const url of ['/api/note', '/api/note/x?y', '/files/a', '/api/notes', '/api/alive', '/files-too']) await fetch(url, { method: 'POST' });
              await fetch('/api/none', { session: false });
              await session.fetch('/api/none', { session: false });
              const request = new XMLHttpRequest();
              request.open('POST', '/api/note/xhr');
              await new Promise(done => { request.onloadend = done; request.send(); });
              navigator.sendBeacon('/api/note/beacon');
            }
            """);
        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request.Path == "/api/note/beacon"), () => "the beacon");

        Assert.All(server.Requests, static request => Assert.Equal(
            request.Path is "/api/notes" or "/api/alive" or "/files-too" || (request.Path.StartsWith("/_session", StringComparison.Ordinal) && request.Path is not ("/_session/attach" or "/_session/session-lifetime.js")),
            request.SessionId is not null));
    }

    [Theory]
    [EngineCase]
    [Row("fetch('/api', { mode: 'no-cors' })")]
    [Row("fetch('/api', { mode: 'no-cors', method: 'POST', body: new FormData(document.createElement('form')) })")]
    [Row("fetch(new Request('/api', { mode: 'no-cors', headers: { accept: 'text/html; x=1' } }))")]
    public async Task Requests_of_mode_no_cors_have_the_session_and_answers_that_can_be_read(EngineKind engine, string request)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);

        Assert.NotNull(await page.CallAsync<string?>($"async () => (await (await {request}).json()).session"));
    }

    [Theory]
    [EngineCase]
    public async Task A_request_of_mode_no_cors_that_is_redirected_to_another_origin_is_as_opaque_as_ever_and_takes_no_id_there(EngineKind engine)
    {
        await using var other = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var there = other.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal) + "/api";
        server.Policy = "";
        await page.ReloadedAsync();

        Assert.Equal("opaque", await page.CallAsync<string>("async to => (await fetch('/api/redirect?to=' + encodeURIComponent(to), { mode: 'no-cors' })).type", there));
        Assert.Equal("TypeError", await page.CallAsync<string>("to => fetch('/api/redirect?to=' + encodeURIComponent(to), { mode: 'no-cors', method: 'POST' }).catch(error => error.name)", there));
        Assert.NotEmpty(other.Requests);
        Assert.All(other.Requests, static request => Assert.Null(request.SessionId));
    }

    [Theory]
    [EngineCase]
    public async Task Requests_in_the_script_that_calls_start_wait_for_the_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/none"] = "<!doctype html><title>t</title>";
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/none");
        var sessions = await page.CallAsync<string?[]>(
            """
            async () => {
              const { start } = await import('/_session/session-lifetime.js');
              let heard = '';
              const session = start({ keepAlive: 'off' });
              const asked = [
                fetch('/api').then(answer => answer.json()).then(answer => answer.session),
                new Promise(done => {
                  const request = new XMLHttpRequest();
                  request.open('POST', '/api');
                  request.onload = () => done(JSON.parse(request.responseText).session);
                  request.send();
                }),
                session.fetch('/api').then(answer => answer.json()).then(answer => answer.session),
                session.ticket(),
                session.check().then(() => session.status?.session),
              ];
              navigator.sendBeacon('/api', 'beacon');
              session.addEventListener('sessionlifetime:started', ({ detail }) => { heard = detail.status.session; });
              return [...await Promise.all(asked), heard];
            }
            """);
        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request.Body == "beacon"), () => "the beacon");

        Assert.All(sessions, Assert.NotNull);
        Assert.Equal(2, sessions.Distinct().Count());
        Assert.All(server.Requests.Where(static request => request.Path == "/api"), static request => Assert.NotNull(request.SessionId));
    }

    [Theory]
    [EngineCase]
    public async Task A_check_is_never_older_than_its_call(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);

        // The status is answered late: what was asked before the work tells of a time before it.
        server.Travel = static request => TimeSpan.FromMilliseconds(request.Path == "/_session" ? 300 : 0);
        for (var round = 0; round < 5; round++)
        {
            await Task.Delay(1200);
            var passed = await page.CallAsync<double>(
                """
                async () => {
                  const before = session.check();
                  await fetch('/api');
                  await session.check();
                  await before;
                  return 20 * 60_000 - session.status.timeoutInMs;
                }
                """);
            Assert.InRange(passed, 0, 1000);
        }
    }

    [Theory]
    [EngineCase]
    public async Task Many_checks_at_once_are_two_questions(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        server.Before = static request => request is { Path: "/_session", Method: "GET" } ? Task.Delay(200) : Task.CompletedTask;
        var before = server.Calls("").Count;
        await page.CallAsync("() => Promise.all(Array.from({ length: 20 }, () => session.check()))");

        Assert.Equal(before + 2, server.Calls("").Count);
    }

    [Theory]
    [EngineCase]
    public async Task Beside_an_app_that_asks_all_the_time_nothing_pings(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { setInterval(() => fetch('/api').catch(() => {}), 200); }");
        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request is { Path: "/api", Status: 200 }), () => "a request of the app");
        var before = server.Calls("ping").Count;
        await Eventually.BecomesTrueAsync(() => server.Requests.Count(static request => request.Path == "/api") >= 20, () => "requests of the app");

        Assert.Equal(before, server.Calls("ping").Count);
    }

    [Theory]
    [EngineCase]
    public async Task Beside_an_app_that_gets_files_and_what_caches_kept_the_page_goes_on_pinging(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        server.Pages["/file.txt"] = "It looks like an answer of the app, and told the server nothing.";
        server.Pages["/cached.txt"] = "The same, and the browser has it.";
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { setInterval(() => { fetch('/file.txt').catch(() => {}); fetch('/cached.txt', { cache: 'force-cache' }).catch(() => {}); }, 300); }");

        await server.WaitForCallsAsync("ping", 4, TimeSpan.FromSeconds(8));
    }

    private async Task<IEngineTab> OpenSiteAsync(EngineKind engine, TestServer site, TestServer server)
    {
        site.Policy = "";
        site.First = Warnings.Watch;
        site.Pages["/"] = "<!doctype html><title>t</title>";
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(site.Url);
        await page.CallAsync(
            """
            async url => {
              window.session = (await import('/_session/session-lifetime.js')).start({ prefix: url + '/_session' });
              await session.ready;
            }
            """,
            server.Url);
        return page;
    }
}
