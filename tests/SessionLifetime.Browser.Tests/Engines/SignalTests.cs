using SessionLifetime.Browser.Tests.Fixtures.Engines;
using static SessionLifetime.Browser.Tests.Fixtures.Engines.EngineTabExtensions;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class SignalTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_page_whose_user_types_reports_that_and_never_pings_or_warns(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(4);
            options.KeepAliveInterval = TimeSpan.FromSeconds(2);
        });
        var page = await OpenAsync(engine, server);
        var started = server.Elapsed;
        List<double> keys = [];
        for (var i = 0; i < 40; i++)
        {
            await page.TypeAsync("#name", "x");
            keys.Add(server.Elapsed.TotalSeconds);
            await Task.Delay(150);
        }

        // A report follows a key within a second, and puts the ping off by two. (A driver that is slow types with pauses.)
        Assert.DoesNotContain(server.Calls("ping"), ping => keys.Exists(key => ping.At.TotalSeconds - key is > 1.1 and < 1.7));
        Assert.InRange(server.Calls("activity").Count, 4, (int)(server.Elapsed - started).TotalSeconds + 1);
        Assert.DoesNotContain("timeout", await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_request_of_the_app_tells_of_the_user_so_the_module_does_not(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.SessionTimeout = TimeSpan.FromSeconds(8));
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { window.addEventListener('click', () => fetch('/api').catch(() => {})); }");
        await Task.Delay(2200);
        await page.ClickAtAsync(300, 300);
        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request.Path == "/api"), () => "the app's request");
        await Task.Delay(2500);

        Assert.Empty(server.Calls("activity"));
    }

    [Theory]
    [EngineCase]
    [Row("/api/alive")]
    [Row("/api/none")]
    public async Task A_request_that_tells_nothing_of_the_user_does_not_count_for_one(EngineKind engine, string url)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(8);
            options.KeepAliveInterval = TimeSpan.FromMinutes(1);
        });
        var page = await OpenAsync(engine, server);
        await page.CallAsync("url => { window.addEventListener('click', () => fetch(url).catch(() => {})); }", url);
        await Task.Delay(2200);
        await page.ClickAtAsync(300, 300);
        await server.WaitForCallsAsync("activity", 1);

        Assert.InRange(server.Calls("activity")[0].Json.GetProperty("idleMs").GetInt32(), 0, 4000);
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_polls_a_file_while_its_user_types_never_warns(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.SessionTimeout = TimeSpan.FromSeconds(4));
        server.Pages["/file.txt"] = "It looks like an answer of the app, and told the server nothing.";
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { setInterval(() => fetch('/file.txt').catch(() => {}), 300); }");
        for (var i = 0; i < 50; i++)
        {
            await page.TypeAsync("#name", "x");
            await Task.Delay(150);
        }

        Assert.DoesNotContain("timeout", await page.FiredAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_keeps_quiet_lets_the_clocks_run_out(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(2);
            options.CountdownDuration = TimeSpan.FromSeconds(2);
        });
        server.Attributes = "data-keep-alive=\"off\"";
        var page = await OpenAsync(engine, server);
        await page.WaitForStateAsync("ended");

        Assert.Empty(server.Calls("ping"));
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_stretches_lives_as_long_as_it_is_open(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.SessionTimeout = TimeSpan.FromSeconds(2));
        server.Attributes = "data-keep-alive=\"stretch\"";
        var page = await OpenAsync(engine, server);

        // Nobody does anything for longer than the timeout: without the stretching it would warn after two seconds.
        await Task.Delay(3000);

        Assert.Equal("active", await page.StateAsync());
        Assert.Empty(await page.FiredAsync());
        Assert.NotEmpty(server.Calls("ping"));
        Assert.All(server.Calls("ping"), ping => Assert.True(ping.Json.GetProperty("stretch").GetBoolean()));
    }

    [Theory]
    [EngineCase]
    [Row(0, "")]
    [Row(500, "text/html")]
    [Row(502, "text/html")]
    [Row(404, "text/html")]
    [Row(200, "text/html")]
    [Row(410, "application/problem+json")]
    public async Task An_answer_that_is_not_of_the_protocol_never_ends_a_session(EngineKind engine, int status, string type)
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        var page = await OpenAsync(engine, server);
        server.Failure = new(status, type, """{"reason":"Exited"}""");
        await page.CheckAsync();
        Assert.Equal("active", await page.StateAsync());
        Assert.Equal(["unreachable"], await page.FiredAsync());

        server.Failure = null;
        await page.WaitForCallAsync("() => fired.includes('reachable')");
        Assert.Equal("active", await page.StateAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_server_that_was_restarted_gives_the_page_another_session(EngineKind engine)
    {
        var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var (id, port) = (await page.IdAsync(), new Uri(server.Url).Port);
        await page.CallAsync(
            "() => { session.addEventListener('sessionlifetime:restarted', event => { window.previous = event.detail.previous.state; }); }");
        await server.DisposeAsync();
        await using var restarted = await TestServer.StartAsync(port: port);
        Assert.True(await page.CallAsync<bool>("() => session.stay()"));

        Assert.Contains("restarted", await page.FiredAsync());
        Assert.Equal("unknown", await page.CallAsync<string>("() => previous"));
        Assert.NotEqual(id, await page.IdAsync());
        Assert.Equal(1, restarted.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task An_ended_session_is_learned_from_an_answer_to_the_app_and_stays_ended_until_the_page_is_loaded_anew(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options => options.KeepAliveInterval = TimeSpan.FromSeconds(1));
        var page = await OpenAsync(engine, server);
        await server.EndAllAsync();
        await page.FetchedSessionAsync();
        await page.WaitForStateAsync("ended");
        Assert.Equal("Revoked", await page.CallAsync<string>("() => session.reason"));

        var received = server.Requests.Count;
        await page.ClickAtAsync(5, 5);
        await Task.Delay(1500);
        Assert.Equal(received, server.Requests.Count);

        await page.ClickAsync(Part("stay"));
        await server.WaitForCallsAsync("attach", 2);
        await page.ReadyAsync();
        Assert.Equal("active", await page.StateAsync());
    }

    [Theory]
    [EngineCase]
    public async Task An_exit_with_a_redirect_leads_the_browser_elsewhere(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/bye"] = "<!doctype html><title>Bye</title>";
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { fetch('/api/leave', { method: 'POST' }); }");
        await page.LeadsToAsync("/bye");

        Assert.Equal(0, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task Where_to_go_after_an_exit_is_followed_also_by_a_page_that_has_heard_of_the_end_already(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Pages["/bye"] = "<!doctype html><title>Bye</title>";
        server.After = request => request.Path == "/api/leave"
            ? Eventually.BecomesTrueAsync(() => server.Calls("").Any(call => call.Status == 410), () => "a look at the status")
            : Task.CompletedTask;
        var page = await OpenAsync(engine, server);
        await page.CallAsync("() => { fetch('/api/leave', { method: 'POST' }); }");
        await Eventually.BecomesTrueAsync(() => server.Sessions.Count == 0, () => "the end");
        await page.CheckAsync();
        await page.LeadsToAsync("/bye");
    }

    [Theory]
    [EngineCase]
    public async Task Who_hears_an_event_finds_the_controller_up_to_date(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(1);
            options.CountdownDuration = TimeSpan.FromSeconds(20);
        });
        server.Pages["/"] = """
            <!doctype html><title>t</title><script type="module" src="/_session/session-lifetime.js" data-session-lifetime></script>
            <script type="module" src="/listen.js"></script>
            """;
        server.Pages["/listen.js"] = """
            import { start } from '/_session/session-lifetime.js';
            const session = start();
            window.heard = [];
            for (const name of ['started', 'resumed', 'timeout', 'active'])
              session.addEventListener(`sessionlifetime:${name}`, ({ detail: { status } }) =>
                heard.push(`${name} ${session.state} ${session.status === status} ${session.left !== null}`));
            """;
        var page = await OpenAsync(engine, server);
        await page.ReloadedAsync();
        await page.WaitForStateAsync("timedOut");
        await page.CallAsync("() => session.stay()");

        Assert.Equal(
            ["resumed active true false", "timeout timedOut true true", "active active true false"],
            await page.CallAsync<string[]>("() => heard"));
    }

    [Theory]
    [EngineCase]
    public async Task A_wall_clock_moved_by_a_day_changes_nothing(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(2);
            options.CountdownDuration = TimeSpan.FromSeconds(20);
        });
        var page = await OpenAsync(engine, server);
        await page.WaitForStateAsync("timedOut");
        await page.CallAsync("() => { const now = Date.now; Date.now = () => now() + 86_400_000; }");
        await Task.Delay(2500);

        Assert.Equal("timedOut", await page.StateAsync());
        Assert.InRange(await page.CallAsync<double>("() => session.left"), 12_000, 20_000);
    }

    [Theory]
    [EngineCase]
    public async Task A_lid_closed_past_the_end_shows_the_end_and_no_countdown(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.First = """
            window.slept = 0;
            for (const clock of [performance, Date]) {
              const now = clock.now.bind(clock);
              clock.now = () => now() + slept;
            }
            """;
        var page = await OpenAsync(engine, server);
        await server.EndAllAsync(SessionEndReason.SignalLost);
        // Both clocks went on, no timer did.
        await page.RunAsync("window.slept = 2 * 60 * 60 * 1000; dispatchEvent(new Event('focus'));");
        await page.WaitForStateAsync("ended");

        Assert.Equal(["ended"], await page.FiredAsync());
        await page.ShowsPartAsync("title", "Your session has ended");
    }
}
