using SessionLifetime.Browser.Tests.Fixtures.Engines;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Whose a session is, seen from a real browser: the cookie no script reads, new ids, other users, other sites.</summary>
public sealed class TrustTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    private const string CookieName = "SessionLifetime.Browser";

    [Theory]
    [EngineCase]
    public async Task The_key_comes_with_everything_the_module_sends_and_no_script_sees_it(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(300));
        var page = await OpenAsync(engine, server);
        await server.WaitForCallsAsync("ping", 1);
        await page.FetchedSessionAsync();
        await page.ClickAsync("#next");
        await page.LeadsToAsync("/next");
        await page.ReadyAsync();
        await server.WaitForCallsAsync("detach", 1);

        Assert.Equal("", await page.CallAsync<string>("() => document.cookie"));
        var key = (await (await BrowserAsync(engine)).CookiesAsync(page)).Single(cookie => cookie.Name == CookieName);
        Assert.True(key.IsHttpOnly);
        Assert.Equal("lax", key.SameSite);
        foreach (var request in server.Requests.Where(request => request.Path != "/" && request.At > server.Calls("ping")[0].At))
        {
            Assert.Contains($"{CookieName}={key.Value}", request.Headers.Cookie.ToString(), StringComparison.Ordinal);
        }

        var session = Assert.Single(await server.Sessions.ListAsync());
        Assert.NotNull(session.BrowserId);
    }

    [Theory]
    [EngineCase]
    public async Task Two_tabs_of_one_browser_are_two_sessions_of_one_browser(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var first = await OpenAsync(engine, server);
        var second = await OpenAsync(engine, server);
        await first.FetchedSessionAsync();
        await second.FetchedSessionAsync();

        var sessions = await server.Sessions.ListAsync();

        Assert.Equal(2, sessions.Count);
        Assert.Single(sessions.Select(session => session.BrowserId).Distinct());
    }

    [Theory]
    [EngineCase]
    public async Task A_tab_whose_cookie_was_deleted_gets_a_session_of_its_own_and_goes_on(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(300));
        var page = await OpenAsync(engine, server);
        await server.WaitForCallsAsync("ping", 2);
        await page.CallAsync("() => addEventListener('sessionlifetime:restarted', event => { window.previous = event.detail.previous; })");

        await (await BrowserAsync(engine)).ClearCookiesAsync(page);
        await page.WaitForCallAsync("() => window.previous");
        var pings = server.Calls("ping").Count;
        await server.WaitForCallsAsync("ping", pings + 4);

        Assert.Equal("refused", await page.CallAsync<string>("() => window.previous.state"));
        Assert.Equal(["restarted"], await page.FiredAsync());
        Assert.Equal(2, server.Calls("attach").Count);
        Assert.All(server.Calls("ping").TakeLast(3), call => Assert.Equal(200, call.Status));
    }

    [Theory]
    [EngineCase]
    public async Task A_stolen_id_is_worth_nothing_in_another_browser(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        await page.FetchedSessionAsync();
        var id = await page.IdAsync();
        var session = Assert.Single(await server.Sessions.ListAsync());
        await using var elsewhere = await OpenAsync(engine);
        var thief = await elsewhere.NewTabAsync();
        server.Pages["/empty"] = "<!doctype html><title>t</title>";
        await thief.GoToAsync(server.Url + "/empty");

        var seen = await thief.CallAsync<string>(
            """
            async id => {
              const headers = { 'X-Session-Id': id };
              const own = await fetch('/api', { headers });
              const status = await fetch('/_session', { headers });
              const exit = await fetch('/_session/exit', { method: 'POST', headers });
              return [(await own.json()).session, own.headers.get('X-Session-State'), status.status, (await status.json()).code, exit.status].join(' ');
            }
            """,
            id);

        Assert.Equal(" refused 403 wrongBrowser 403", seen);
        Assert.Equal(session.Id, await page.FetchedSessionAsync());
    }

    [Theory]
    [EngineCase]
    [Row("tab")]
    [Row("browser")]
    public async Task A_page_takes_over_a_new_id_keeps_it_over_reloads_and_tells_the_tabs_it_shares_with(EngineKind engine, string storage)
    {
        await using var server = await TestServer.StartAsync(static options => options.IdRotationOverlap = TimeSpan.FromMilliseconds(500));
        server.Attributes = $"data-storage=\"{storage}\"";
        var page = await OpenAsync(engine, server);
        var other = await OpenAsync(engine, server);
        var (former, session) = (await page.IdAsync(), await page.FetchedSessionAsync());

        await page.CallAsync("() => fetch('/api/rotate', { method: 'POST' })");

        var newer = await page.IdAsync();
        Assert.NotEqual(former, newer);
        Assert.Equal(session, await page.FetchedSessionAsync());
        if (storage == "browser")
        {
            await other.WaitForCallAsync("id => session.headers()['X-Session-Id'] === id", newer);
        }

        // Past the overlap only the new one opens it.
        await page.WaitForCallAsync("async id => (await fetch('/_session', { headers: { 'X-Session-Id': id } })).status === 404", former);
        await page.ReloadedAsync();
        Assert.Equal(newer, await page.IdAsync());
        Assert.Equal(session, await page.FetchedSessionAsync());
        Assert.NotNull(await other.FetchedSessionAsync());
        Assert.Equal(storage == "tab" ? 2 : 1, (await server.Sessions.ListAsync()).Count);
    }

    [Theory]
    [EngineCase]
    public async Task An_id_handed_out_with_a_ping_is_taken_over_and_by_XmlHttpRequest_too(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(static options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(300));
        var page = await OpenAsync(engine, server);
        await server.WaitForCallsAsync("ping", 1);
        var (former, session) = (await page.IdAsync(), Assert.Single(await server.Sessions.ListAsync()));

        await session.RotateIdAsync();
        await page.WaitForCallAsync("id => session.headers()['X-Session-Id'] !== id", former);

        var second = await page.IdAsync();
        await page.CallAsync(
            """
            () => new Promise(done => {
              const request = new XMLHttpRequest();
              request.open('POST', '/api/rotate');
              request.onloadend = done;
              request.send();
            })
            """);
        await page.WaitForCallAsync("id => session.headers()['X-Session-Id'] !== id", second);
        Assert.Equal(session.Id, await page.FetchedSessionAsync());
    }

    [Theory]
    [EngineCase]
    public async Task Sign_in_keeps_the_session_under_a_new_id_and_another_user_gets_another_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var (former, session) = (await page.IdAsync(), await page.FetchedSessionAsync());

        await page.LeaveAsync(() => page.GoToAsync(server.Url + "/sign-in?user=ada"));

        Assert.Equal(session, await page.FetchedSessionAsync());
        Assert.NotEqual(former, await page.IdAsync());
        Assert.Equal("ada", Assert.Single(await server.Sessions.ListAsync()).User);

        // Nobody ended Ada's session: it is not Eve's all the same.
        await page.LeaveAsync(() => page.GoToAsync(server.Url + "/sign-in?user=eve"));
        Assert.Equal("eve", await page.CallAsync<string>("async () => (await (await fetch('/api')).json()).user"));
        Assert.NotEqual(session, await page.FetchedSessionAsync());
        Assert.Equal(["ada", "eve"], (await server.Sessions.ListAsync()).Select(found => found.User!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [EngineCase]
    public async Task Where_cookies_never_come_the_page_works_unbound(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(
            static options => options.KeepAliveInterval = TimeSpan.FromMilliseconds(300),
            cookie: static cookie => cookie.Domain = "elsewhere.example");
        var page = await OpenAsync(engine, server);
        await server.WaitForCallsAsync("ping", 3);

        Assert.Single(server.Calls("attach"));
        Assert.Null(Assert.Single(await server.Sessions.ListAsync()).BrowserId);
        Assert.Empty(await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    public async Task Another_site_can_neither_start_nor_touch_nor_end_a_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        await using var evil = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        await page.FetchedSessionAsync();
        var session = Assert.Single(await server.Sessions.ListAsync());
        evil.Policy = "";
        evil.Pages["/evil"] = $$"""
            <!doctype html><title>evil</title>
            <form id="text" method="post" enctype="text/plain"><input name='{"page":"p","x":"' value='"}'></form>
            <form id="form" method="post"><input name="page" value="p"></form>
            """;
        var site = evil.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        var attacker = await (await BrowserAsync(engine)).NewTabAsync();
        // A browser has its answer a moment before the server lets go of the request, which counts until then.
        await Eventually.BecomesTrueAsync(() => server.Requests.All(static request => request.Status != 0), static () => "the end of every request");
        var before = (session.LastSignal, session.LastActivity);
        var target = server.Url + "/_session";
        var calls = new[] { "/attach", "/ping", "/activity", "/exit", "/detach", "" };
        foreach (var form in new[] { "text", "form" })
        {
            foreach (var call in calls)
            {
                await attacker.GoToAsync(site + "/evil");
                await attacker.WaitForAsync("document.querySelector('#form')");
                var asked = server.Requests.Count(request => request.Path == "/_session" + call && request.Status != 0);
                await attacker.CallAsync("([form, action]) => { const it = document.getElementById(form); it.action = action; it.submit(); }", new[] { form, target + call });
                await Eventually.BecomesTrueAsync(() => server.Requests.Count(request => request.Path == "/_session" + call && request.Status != 0) > asked, () => "the form's request");

                // The answer is a page, but for the one without a content.
                await (call == "/detach" ? Task.CompletedTask : attacker.WaitForAsync("!document.querySelector('#text')"));
            }
        }

        await attacker.GoToAsync(site + "/evil");
        var results = await attacker.CallAsync<string[]>(
            """
            async ([target, ...calls]) => {
              const outcomes = [];
              for (const call of calls) {
                for (const init of [
                  { mode: 'no-cors', method: 'POST', body: '{"page":"p"}' },
                  { mode: 'cors', method: 'POST', body: '{"page":"p"}' },
                  { mode: 'cors', method: 'POST', body: '{"page":"p"}', headers: { 'Content-Type': 'application/json' } },
                  { mode: 'cors', method: 'POST', headers: { 'X-Session-Id': 'AAAAAAAAAAAAAAAAAAAAAQ' } },
                ]) {
                  outcomes.push(await fetch(target + call, { credentials: 'include', ...init }).then(answer => answer.type, () => 'blocked'));
                }
              }
              return outcomes;
            }
            """,
            new[] { target }.Concat(calls).ToArray());

        Assert.Equal(Enumerable.Repeat(new[] { "opaque", "blocked", "blocked", "blocked" }, calls.Length).SelectMany(static outcomes => outcomes), results);
        Assert.Equal(before.LastSignal, session.LastSignal, TimeSpan.FromMilliseconds(1));
        Assert.Equal(before.LastActivity, session.LastActivity, TimeSpan.FromMilliseconds(1));
        Assert.Same(session, Assert.Single(await server.Sessions.ListAsync()));
        Assert.All(
            server.Requests.Where(request => request.Headers.Origin.ToString().Contains("localhost", StringComparison.Ordinal) && request.Method == "POST"),
            request => Assert.Equal(
                request.Path switch { "/_session/attach" => 415, "/_session/detach" => 204, "/_session" => 405, _ => 428 },
                request.Status));
    }
}
