using SessionLifetime.Browser.Tests.Fixtures.Engines;
using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests.Engines;

public sealed class IdentityTests(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase]
    public async Task A_tab_keeps_its_session_over_reload_link_typed_address_and_back(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        var id = await page.IdAsync();

        await LeaveAsync(page.ReloadAsync);
        await LeaveAsync(() => page.ClickAsync("#next"));
        await LeaveAsync(() => page.GoToAsync(server.Url + "/typed"));
        await page.BackAsync();
        await server.WaitForCallsAsync("attach", 5);
        await page.LeadsToAsync("/next");
        await page.WaitForAsync("window[Symbol.for('session-lifetime')]?.state === 'active'");
        Assert.Equal(id, await page.EvaluateAsync<string>("return window[Symbol.for('session-lifetime')].headers()['X-Session-Id'];"));

        Assert.Equal([201, 200, 200, 200, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(5, server.Calls("attach").Select(call => call.PageId).Distinct().Count());
        Assert.Single(server.Calls("attach").Select(call => call.Json.GetProperty("tab").GetString()).Distinct());

        async Task LeaveAsync(Func<Task> act)
        {
            await page.LeaveAsync(act);
            Assert.Equal(id, await page.IdAsync());
        }
    }

    /// <summary>The page that came back may be given its tab's lock while it is left already.</summary>
    [Theory]
    [EngineCase]
    public async Task Two_tabs_have_two_sessions(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var first = await OpenAsync(engine, server);
        var second = await OpenAsync(engine, server);

        Assert.NotEqual(await first.IdAsync(), await second.IdAsync());
        Assert.Equal(2, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    [Row("auto")]
    [Row("channel")]
    public async Task A_duplicated_tab_gets_a_session_of_its_own_and_both_keep_theirs(EngineKind engine, string detection)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = $"data-duplicate-detection=\"{detection}\"";
        var original = await OpenAsync(engine, server);
        var id = await original.IdAsync();
        var copy = await DuplicateAsync(engine, original);
        var copiedId = await copy.IdAsync();

        Assert.NotEqual(id, copiedId);
        await original.ReloadedAsync();
        await copy.ReloadedAsync();
        Assert.Equal(id, await original.IdAsync());
        Assert.Equal(copiedId, await copy.IdAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_page_that_was_not_left_after_all_is_told_from_its_copy(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var original = await OpenAsync(engine, server);
        var id = await original.IdAsync();
        await original.RunAsync("document.body.prepend(Object.assign(document.createElement('a'), { id: 'file', href: '/file', textContent: 'file' }));");
        await original.ClickAsync("#file");
        await Eventually.BecomesTrueAsync(() => server.Requests.Any(static request => request.Path == "/file"), () => "a download");
        await original.WaitForAsync("(await navigator.locks.query()).held.length === 1");
        var copy = await DuplicateAsync(engine, original);

        Assert.NotEqual(id, await copy.IdAsync());
        await original.ReloadedAsync();
        Assert.Equal(id, await original.IdAsync());
    }

    [Theory]
    [EngineCase]
    public async Task A_duplicated_tab_shares_the_session_when_it_is_asked_to(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-duplicates=\"share\"";
        var original = await OpenAsync(engine, server);
        var copy = await DuplicateAsync(engine, original);

        Assert.Equal(await original.IdAsync(), await copy.IdAsync());
        Assert.Equal(2, server.Calls("attach").Select(call => call.Json.GetProperty("tab").GetString()).Distinct().Count());
    }

    [Theory]
    [EngineCase]
    public async Task A_hundred_reloads_are_never_taken_for_a_duplicate(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);
        for (var i = 0; i < 100; i++)
        {
            // Some are cut short while the page is still attaching.
            await page.RunAsync("window.isOld = true;");
            await page.ReloadAsync();
            await page.WaitForAsync(i % 3 == 0 ? "!window.isOld" : "!window.isOld && document.readyState === 'complete'");
        }

        await page.ReadyAsync();
        Assert.Equal(1, server.Sessions.Count);
    }

    [Theory]
    [EngineCase]
    public async Task Storage_that_throws_degrades_to_memory(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.First = """
            for (const name of ['sessionStorage', 'localStorage'])
              Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });
            """;
        var page = await OpenAsync(engine, server);

        Assert.NotNull(await page.FetchedSessionAsync());
    }

    [Theory]
    [EngineCase]
    public async Task The_module_loaded_from_two_addresses_starts_once(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(engine, server);

        Assert.True(await page.CallAsync<bool>(
            "async () => (await import('/_session/session-lifetime.js?v=2')).start({ storage: 'browser' }) === session"));
        Assert.Single(server.Calls("attach"));
    }

    [Theory]
    [EngineCase]
    public async Task Ten_tabs_of_one_browser_starting_at_once_share_one_session(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-storage=\"browser\"";
        var pages = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => OpenAsync(engine, server)));

        Assert.True(server.Sessions.Count == 1, server.ToString());
        Assert.Equal(10, server.Calls("attach").Count);
        Assert.Single((await Task.WhenAll(pages.Select(page => page.IdAsync()))).Distinct());
    }

    [Theory]
    [EngineCase]
    public async Task Who_signs_in_after_another_in_the_same_tab_gets_a_session_of_their_own(EngineKind engine)
    {
        await using var server = await TestServer.StartAsync();
        var ended = new List<(string Session, SessionEndReason Reason)>();
        server.Events.ApplicationExit += (_, e) => ended.Add((e.Session.Id, e.Reason));
        var page = await OpenAsync(engine, server, "/sign-in?user=anna");
        var (id, anna) = (await page.IdAsync(), await FetchAsync(page));
        await page.LeaveAsync(() => page.GoToAsync(server.Url + "/next"));
        await page.CallAsync("() => fetch('/api/sign-out', { method: 'POST' })");
        await page.LeaveAsync(() => page.GoToAsync(server.Url + "/sign-in?user=ben"));
        var ben = await FetchAsync(page);

        // Where the browser has kept the page, it says that Anna's session has ended; otherwise it is loaded anew, in Ben's.
        await page.LeaveAsync(page.BackAsync);
        var isKept = await page.EvaluateAsync<bool>("return session.state === 'ended';");
        var back = await FetchAsync(page);

        var session = anna.Session!;
        Assert.Equal(("anna", "ben", "ben"), (anna.User, ben.User, back.User));
        Assert.NotEqual(session, ben.Session);
        Assert.Equal(isKept ? null : ben.Session, back.Session);
        Assert.Equal([(session, SessionEndReason.Exited)], ended);
        if (!isKept)
        {
            Assert.DoesNotContain(server.Requests.SkipWhile(request => request.Path != "/api/sign-out").Skip(1),
                request => request.SessionId == id && request.Path == "/api");
        }
    }

    private static async Task<(string? Session, string? User)> FetchAsync(IEngineTab page)
    {
        var answer = await page.CallAsync<string?[]>("async () => { const { session, user } = await (await fetch('/api')).json(); return [session, user]; }");
        return (answer[0], answer[1]);
    }

    private async Task<IEngineTab> DuplicateAsync(EngineKind engine, IEngineTab page)
    {
        // What "Duplicate tab" does to the storage; browsers offer no command for it.
        await page.RunAsync(
            """
            document.querySelector('#copy')?.remove();
            document.body.prepend(Object.assign(document.createElement('a'), { id: 'copy', href: location.href, target: '_blank', rel: 'opener', textContent: 'copy' }));
            """);
        var copy = await (await BrowserAsync(engine)).OpenedAsync(() => page.ClickAsync("#copy"));
        await copy.ReadyAsync();
        return copy;
    }
}
