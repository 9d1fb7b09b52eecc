using System.Text.Json;
using SessionLifetime.Browser.Tests.Fixtures.Engines;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class HeaderTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task The_first_request_of_a_page_waits_for_its_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/"] = """
            <!doctype html><title>t</title><script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <script type="module" src="/early.js"></script>
            """;
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        server.Pages["/early.js"] = """
                fetch('/api').then(answer => answer.json()).then(({ session }) => { document.title = 'fetch ' + session; });
                const request = new XMLHttpRequest();
                request.open('POST', '/api');
                request.onload = () => { document.body.append('xhr ' + JSON.parse(request.responseText).session); };
                request.send('early');
            """;
        await page.GoToAsync(server.Url);
        await page.WaitForCallAsync("() => document.title.startsWith('fetch ') && document.body.textContent.includes('xhr ')");

        Assert.DoesNotContain("null", await page.EvaluateAsync<string>("return document.title + document.body.textContent;"), StringComparison.Ordinal);
    }

    [Theory]
    [EngineCase]
    [Row("new Request('/api', { method: 'POST', body: 'text', headers: { 'X-Own': '1' } })")]
    [Row("'/api', { method: 'POST', body: 'text', keepalive: true }")]
    [Row("new URL('/api', location.href), { method: 'POST', body: new Blob(['text']) }")]
    [Row("new Request('/api', { method: 'POST', body: 'other' }), { body: 'text' }")]
    public async Task Fetch_carries_the_id_whatever_it_is_given(EngineKind engine, string arguments)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var answer = await page.CallAsync<JsonElement>($"async () => (await fetch({arguments})).json()");

        Assert.NotNull(answer.GetProperty("session").GetString());
        Assert.Equal("text", answer.GetProperty("body").GetString());
    }

    [Theory]
    [EngineCase]
    [Row(true)]
    [Row(false)]
    public async Task XmlHttpRequest_carries_the_id(EngineKind engine, bool isAsync)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var answer = await page.CallAsync<string>(
            """
            isAsync => new Promise(done => {
              const request = new XMLHttpRequest();
              request.open('POST', '/api', isAsync);
              request.onload = () => done(request.responseText);
              request.send('text');
            })
            """,
            isAsync);

        Assert.NotNull(JsonDocument.Parse(answer).RootElement.GetProperty("session").GetString());
    }

    [Theory]
    [EngineCase]
    public async Task An_id_the_app_has_set_itself_is_left_alone(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        await page.CallAsync(
            """
            async () => {
              await fetch('/api', { headers: session.headers() });
              await new Promise(done => {
                const request = new XMLHttpRequest();
                request.open('GET', '/api');
                for (const [name, value] of Object.entries(session.headers())) request.setRequestHeader(name, value);
                request.onloadend = done;
                request.send();
              });
            }
            """);
        var id = await page.IdAsync();

        Assert.All(server.Requests.Where(request => request.Path == "/api"), request => Assert.Equal(id, request.SessionId));
    }

    [Theory]
    [EngineCase]
    public async Task Fetch_stays_native_to_the_eye_and_fails_as_before(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);

        Assert.Contains("[native code]", await page.CallAsync<string>("() => fetch.toString()"), StringComparison.Ordinal);
        Assert.Equal("fetch 1", await page.CallAsync<string>("() => `${fetch.name} ${fetch.length}`"));
        Assert.Equal("TypeError", await page.CallAsync<string>("() => fetch('http://').catch(error => error.name)"));
        Assert.Equal("why", await page.CallAsync<string>(
            "() => fetch('/api', { signal: AbortSignal.abort('why') }).catch(reason => reason)"));
        Assert.True(await page.CallAsync<bool>(
            """
            async () => {
              const request = new Request('/api', { method: 'POST', body: 'x' });
              await fetch(request);
              return request.bodyUsed && !request.headers.has('X-Session-Id');
            }
            """));
    }

    [Theory]
    [EngineCase]
    public async Task Other_origins_never_see_the_id_unless_they_are_named(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync(site: server.Url);
        server.Policy = "";
        var page = await OpenAsync(engine, server);
        await page.CallAsync("url => fetch(url + '/api')", other.Url);
        Assert.All(other.Requests, request => Assert.Null(request.SessionId));

        server.Attributes = $"data-origins=\"https://example.com {other.Url}\"";
        await page.ReloadedAsync();
        await page.CallAsync("url => fetch(url + '/api')", other.Url);
        Assert.Equal(await page.IdAsync(), other.Requests[^1].SessionId);
    }

    [Theory]
    [EngineCase]
    public async Task With_the_patch_off_the_helpers_carry_the_id(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-patch=\"off\"";
        var page = await OpenAsync(engine, server);

        Assert.Null(await page.FetchedSessionAsync());
        var answer = await page.CallAsync<JsonElement>("async () => (await session.fetch('/api')).json()");
        Assert.NotNull(answer.GetProperty("session").GetString());
        Assert.Equal(["session-lifetime", $"session-lifetime.{await page.IdAsync()}", "chat"],
            await page.CallAsync<string[]>("() => session.protocols('chat')"));
    }

    [Theory]
    [EngineCase]
    public async Task Stop_leaves_nothing_behind(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        server.First = """
            const { prototype } = XMLHttpRequest;
            window.patched = () => [window.fetch, prototype.open, prototype.send, prototype.setRequestHeader];
            window.natives = patched();
            window.timers = new Set();
            const { setTimeout, clearTimeout } = window;
            window.setTimeout = (action, ms) => {
              const id = setTimeout(() => { timers.delete(id); action(); }, ms);
              // Those of half a minute and more are the driver's own.
              if (!(ms >= 25000)) timers.add(id);
              return id;
            };
            window.clearTimeout = id => { timers.delete(id); clearTimeout(id); };
            window.listeners = new Set();
            const { addEventListener } = EventTarget.prototype;
            EventTarget.prototype.addEventListener = function (type, action, options) {
              const key = `${this} ${type} ${listeners.size}`, isOurs = this === window || this === document || this instanceof Document;
              if (isOurs) listeners.add(key);
              if (isOurs && options?.signal) addEventListener.call(options.signal, 'abort', () => listeners.delete(key));
              return addEventListener.call(this, type, action, options);
            };
            """;
        server.Pages["/none"] = "<!doctype html><title>t</title>";
        var page = await (await BrowserAsync(engine)).NewTabAsync();
        await page.GoToAsync(server.Url + "/none");
        await page.CallAsync("async () => { window.session = (await import('/_session/session-lifetime.js')).start(); await session.ready; }");
        Assert.NotEqual(0, await page.CallAsync<int>("() => listeners.size"));
        Assert.NotEqual(0, await page.CallAsync<int>("() => timers.size"));
        await page.CallAsync("() => { session.stop(); }");
        Assert.Equal(0, await page.CallAsync<int>("() => listeners.size"));
        await server.WaitForCallsAsync("detach", 1);
        var received = server.Requests.Count;
        await page.ClickAtAsync(200, 200);
        await page.PressAsync("x");
        await Task.Delay(1500);

        Assert.Equal(received, server.Requests.Count);
        Assert.True(await page.CallAsync<bool>("() => patched().every((now, i) => now === natives[i])"));
        Assert.Equal(0, await page.CallAsync<int>("() => timers.size"));
        Assert.Equal(0, await page.CallAsync<int>("async () => (await navigator.locks.query()).held.length"));
        Assert.Equal(0, await page.CountAsync("session-countdown"));
        Assert.Equal("stopped", await page.StateAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_single_page_app_of_another_origin_works_with_the_servers_cors_policy(EngineKind engine)
    {
        await using var site = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(site: site.Url);
        site.Policy = "";
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

        Assert.NotNull(await page.CallAsync<string?>("async url => (await (await fetch(url)).json()).session", server.Url + "/api"));
        await page.GoToAsync(site.Url);
        await server.WaitForCallsAsync("detach", 1);
    }
}
