using System.Text.Json;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

public sealed class HeaderTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task The_first_request_of_a_page_waits_for_its_session()
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/"] = """
            <!doctype html><title>t</title><script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <script type="module" src="/early.js"></script>
            """;
        var page = await Context.NewPageAsync();
        await page.RouteAsync("**/early.js", route => route.FulfillAsync(new()
        {
            ContentType = "text/javascript",
            Body = """
                fetch('/api').then(answer => answer.json()).then(({ session }) => { document.title = 'fetch ' + session; });
                const request = new XMLHttpRequest();
                request.open('POST', '/api');
                request.onload = () => { document.body.append('xhr ' + JSON.parse(request.responseText).session); };
                request.send('early');
                """,
        }));
        await page.GotoAsync(server.Url);
        await page.WaitForFunctionAsync("() => document.title.startsWith('fetch ') && document.body.textContent.includes('xhr ')");

        Assert.DoesNotContain("null", await page.TitleAsync() + await page.TextContentAsync("body"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("new Request('/api', { method: 'POST', body: 'text', headers: { 'X-Own': '1' } })")]
    [InlineData("'/api', { method: 'POST', body: 'text', keepalive: true }")]
    [InlineData("new URL('/api', location.href), { method: 'POST', body: new Blob(['text']) }")]
    [InlineData("new Request('/api', { method: 'POST', body: 'other' }), { body: 'text' }")]
    public async Task Fetch_carries_the_id_whatever_it_is_given(string arguments)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        var answer = (await page.EvaluateAsync($"async () => (await fetch({arguments})).json()"))!.Value;

        Assert.NotNull(answer.GetProperty("session").GetString());
        Assert.Equal("text", answer.GetProperty("body").GetString());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task XmlHttpRequest_carries_the_id(bool isAsync)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        var answer = await page.EvaluateAsync<string>(
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

    [Fact]
    public async Task An_id_the_app_has_set_itself_is_left_alone()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        await page.EvaluateAsync(
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

    [Fact]
    public async Task Fetch_stays_native_to_the_eye_and_fails_as_before()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);

        Assert.Contains("[native code]", await page.EvaluateAsync<string>("() => fetch.toString()"), StringComparison.Ordinal);
        Assert.Equal("fetch 1", await page.EvaluateAsync<string>("() => `${fetch.name} ${fetch.length}`"));
        Assert.Equal("TypeError", await page.EvaluateAsync<string>("() => fetch('http://').catch(error => error.name)"));
        Assert.Equal("why", await page.EvaluateAsync<string>(
            "() => fetch('/api', { signal: AbortSignal.abort('why') }).catch(reason => reason)"));
        Assert.True(await page.EvaluateAsync<bool>(
            """
            async () => {
              const request = new Request('/api', { method: 'POST', body: 'x' });
              await fetch(request);
              return request.bodyUsed && !request.headers.has('X-Session-Id');
            }
            """));
    }

    [Fact]
    public async Task Other_origins_never_see_the_id_unless_they_are_named()
    {
        await using var server = await TestServer.StartAsync();
        await using var other = await TestServer.StartAsync(site: server.Url);
        server.Policy = "";
        var page = await OpenAsync(server);
        await page.EvaluateAsync("url => fetch(url + '/api')", other.Url);
        Assert.All(other.Requests, request => Assert.Null(request.SessionId));

        server.Attributes = $"data-origins=\"https://example.com {other.Url}\"";
        await page.ReloadAsync();
        await page.ReadyAsync();
        await page.EvaluateAsync("url => fetch(url + '/api')", other.Url);
        Assert.Equal(await page.IdAsync(), other.Requests[^1].SessionId);
    }

    [Fact]
    public async Task With_the_patch_off_the_helpers_carry_the_id()
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-patch=\"off\"";
        var page = await OpenAsync(server);

        Assert.Null((await page.FetchAsync("/api")).GetProperty("session").GetString());
        var answer = (await page.EvaluateAsync("async () => (await session.fetch('/api')).json()"))!.Value;
        Assert.NotNull(answer.GetProperty("session").GetString());
        Assert.Equal(["session-lifetime", $"session-lifetime.{await page.IdAsync()}", "chat"],
            await page.EvaluateAsync<string[]>("() => session.protocols('chat')"));
    }

    [Fact]
    public async Task Stop_leaves_nothing_behind()
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        await Context.AddInitScriptAsync(
            """
            const { prototype } = XMLHttpRequest;
            window.patched = () => [window.fetch, prototype.open, prototype.send, prototype.setRequestHeader];
            window.natives = patched();
            window.timers = new Set();
            const { setTimeout, clearTimeout } = window;
            window.setTimeout = (action, ms) => {
              const id = setTimeout(() => { timers.delete(id); action(); }, ms);
              timers.add(id);
              return id;
            };
            window.clearTimeout = id => { timers.delete(id); clearTimeout(id); };
            """);
        server.Pages["/none"] = "<!doctype html><title>t</title>";
        var page = await Context.NewPageAsync();
        await page.GotoAsync(server.Url + "/none");
        var listening = await ListenersAsync(page);
        await page.EvaluateAsync("async () => { window.session = (await import('/_session/session-lifetime.js')).start(); await session.ready; }");
        Assert.NotEqual(listening, await ListenersAsync(page));
        Assert.NotEqual(0, await page.EvaluateAsync<int>("() => timers.size"));
        await page.EvaluateAsync("() => { session.stop(); }");
        Assert.Equal(listening, await ListenersAsync(page));
        await server.WaitForCallsAsync("detach", 1);
        var received = server.Requests.Count;
        await page.Mouse.ClickAsync(200, 200);
        await page.Keyboard.TypeAsync("text");
        await page.WaitForTimeoutAsync(1500);

        Assert.Equal(received, server.Requests.Count);
        Assert.True(await page.EvaluateAsync<bool>("() => patched().every((now, i) => now === natives[i])"));
        Assert.Equal(0, await page.EvaluateAsync<int>("() => timers.size"));
        Assert.Equal(0, await page.EvaluateAsync<int>("async () => (await navigator.locks.query()).held.length"));
        Assert.Equal(0, await page.Locator("session-countdown").CountAsync());
        Assert.Equal("stopped", await page.StateAsync());
    }

    /// <summary>How many listeners window and document have, which a page itself cannot see.</summary>
    private async Task<int> ListenersAsync(IPage page)
    {
        var devTools = await Context.NewCDPSessionAsync(page);
        var count = 0;
        foreach (var expression in new[] { "window", "document" })
        {
            var target = await devTools.SendAsync("Runtime.evaluate", new() { ["expression"] = expression });
            var objectId = target!.Value.GetProperty("result").GetProperty("objectId").GetString()!;
            var found = await devTools.SendAsync("DOMDebugger.getEventListeners", new() { ["objectId"] = objectId });
            count += found!.Value.GetProperty("listeners").GetArrayLength();
        }

        await devTools.DetachAsync();
        return count;
    }

    [Fact]
    public async Task A_single_page_app_of_another_origin_works_with_the_servers_cors_policy()
    {
        await using var site = await TestServer.StartAsync();
        await using var server = await TestServer.StartAsync(site: site.Url);
        site.Policy = "";
        site.Pages["/"] = "<!doctype html><title>t</title>";
        var page = await Context.NewPageAsync();
        await page.GotoAsync(site.Url);
        await page.EvaluateAsync(
            """
            async url => {
              window.session = (await import('/_session/session-lifetime.js')).start({ prefix: url + '/_session' });
              await session.ready;
            }
            """,
            server.Url);

        Assert.NotNull((await page.FetchAsync(server.Url + "/api")).GetProperty("session").GetString());
        await page.CloseAsync();
        await server.WaitForCallsAsync("detach", 1);
    }
}
