using SessionLifetime.Ids;

namespace SessionLifetime.Browser.Tests;

public sealed class IdentityTests(ChromiumFixture chromium) : BrowserTest(chromium)
{
    [Fact]
    public async Task A_tab_keeps_its_session_over_reload_link_typed_address_and_back()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        var id = await page.IdAsync();

        await page.ReloadAsync();
        await AssertSameAsync();
        await page.ClickAsync("#next");
        await page.LeadsToAsync("/next");
        await AssertSameAsync();
        await page.GotoAsync(server.Url + "/typed");
        await AssertSameAsync();
        await page.GoBackAsync();
        await AssertSameAsync();

        Assert.Equal([201, 200, 200, 200, 200], server.Calls("attach").Select(call => call.Status));
        Assert.Equal(5, server.Calls("attach").Select(call => call.PageId).Distinct().Count());
        Assert.Single(server.Calls("attach").Select(call => call.Json.GetProperty("tab").GetString()).Distinct());

        async Task AssertSameAsync()
        {
            await page.ReadyAsync();
            Assert.Equal(id, await page.IdAsync());
        }
    }

    [Fact]
    public async Task Two_tabs_have_two_sessions()
    {
        await using var server = await TestServer.StartAsync();
        var first = await OpenAsync(server);
        var second = await OpenAsync(server);

        Assert.NotEqual(await first.IdAsync(), await second.IdAsync());
        Assert.Equal(2, server.Sessions.Count);
    }

    [Theory]
    [InlineData("auto")]
    [InlineData("channel")]
    public async Task A_duplicated_tab_gets_a_session_of_its_own_and_both_keep_theirs(string detection)
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = $"data-duplicate-detection=\"{detection}\"";
        var original = await OpenAsync(server);
        var id = await original.IdAsync();
        var copy = await DuplicateAsync(original);
        var copiedId = await copy.IdAsync();

        Assert.NotEqual(id, copiedId);
        await original.ReloadAsync();
        await original.ReadyAsync();
        await copy.ReloadAsync();
        await copy.ReadyAsync();
        Assert.Equal(id, await original.IdAsync());
        Assert.Equal(copiedId, await copy.IdAsync());
    }

    [Fact]
    public async Task A_duplicated_tab_shares_the_session_when_it_is_asked_to()
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-duplicates=\"share\"";
        var original = await OpenAsync(server);
        var copy = await DuplicateAsync(original);

        Assert.Equal(await original.IdAsync(), await copy.IdAsync());
        Assert.Equal(2, server.Calls("attach").Select(call => call.Json.GetProperty("tab").GetString()).Distinct().Count());
    }

    [Fact]
    public async Task A_hundred_reloads_are_never_taken_for_a_duplicate()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);
        for (var i = 0; i < 100; i++)
        {
            // Some are cut short while the page is still saying hello.
            await page.ReloadAsync(new() { WaitUntil = i % 3 == 0 ? WaitUntilState.DOMContentLoaded : WaitUntilState.Load });
        }

        await page.ReadyAsync();
        Assert.Equal(1, server.Sessions.Count);
    }

    [Fact]
    public async Task Storage_that_throws_degrades_to_memory()
    {
        await using var server = await TestServer.StartAsync();
        await Context.AddInitScriptAsync(
            """
            for (const name of ['sessionStorage', 'localStorage'])
              Object.defineProperty(window, name, { get() { throw new DOMException('blocked', 'SecurityError'); } });
            """);
        var page = await OpenAsync(server);

        Assert.NotNull((await page.FetchAsync("/api")).GetProperty("session").GetString());
    }

    [Fact]
    public async Task The_module_loaded_from_two_addresses_starts_once()
    {
        await using var server = await TestServer.StartAsync();
        var page = await OpenAsync(server);

        Assert.True(await page.EvaluateAsync<bool>(
            "async () => (await import('/_session/session-lifetime.js?v=2')).start({ storage: 'browser' }) === session"));
        Assert.Single(server.Calls("attach"));
    }

    [Fact]
    public async Task Ten_tabs_of_one_browser_starting_at_once_share_one_session()
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-storage=\"browser\"";
        var pages = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => OpenAsync(server)));

        Assert.True(server.Sessions.Count == 1, server.ToString());
        Assert.Equal(10, server.Calls("attach").Count);
        Assert.Single((await Task.WhenAll(pages.Select(page => page.IdAsync()))).Distinct());
    }

    [Fact]
    public async Task A_browser_that_was_closed_and_started_again_goes_on_with_its_session()
    {
        await using var server = await TestServer.StartAsync();
        server.Attributes = "data-storage=\"browser\"";
        var profile = Directory.CreateTempSubdirectory("session-lifetime-");
        var ids = new List<string>();
        for (var i = 0; i < 2; i++)
        {
            await using var browser = await Chromium.LaunchAsync(profile.FullName);
            var page = await browser.NewPageAsync();
            await page.GotoAsync(server.Url);
            await page.ReadyAsync();
            ids.Add(await page.IdAsync());

            // The browser writes its storage to disk a moment later.
            await page.CloseAsync();
        }

        Assert.Equal(ids[0], ids[1]);
        Assert.Equal([201, 200], server.Calls("attach").Select(call => call.Status));
        profile.Delete(recursive: true);
    }

    [Fact]
    public async Task Who_signs_in_after_another_in_the_same_tab_gets_a_session_of_their_own()
    {
        await using var server = await TestServer.StartAsync();
        var ended = new List<(string Session, SessionEndReason Reason)>();
        server.Events.ApplicationExit += (_, e) => ended.Add((e.Session.Id, e.Reason));
        var page = await OpenAsync(server, "/sign-in?user=anna");
        var (id, anna) = (await page.IdAsync(), await page.FetchAsync("/api"));
        await page.EvaluateAsync("() => fetch('/api/sign-out', { method: 'POST' })");
        await page.GotoAsync(server.Url + "/sign-in?user=ben");
        await page.ReadyAsync();
        var ben = await page.FetchAsync("/api");
        await page.GoBackAsync();
        await page.ReadyAsync();
        var back = await page.FetchAsync("/api");

        var session = anna.GetProperty("session").GetString()!;
        Assert.Equal(("anna", "ben", "ben"), (User(anna), User(ben), User(back)));
        Assert.NotEqual(session, ben.GetProperty("session").GetString());
        Assert.Equal(ben.GetProperty("session").GetString(), back.GetProperty("session").GetString());
        Assert.Equal([(session, SessionEndReason.Exited)], ended);
        Assert.DoesNotContain(server.Requests.SkipWhile(request => request.Path != "/api/sign-out").Skip(1),
            request => request.SessionId == id && request.Path == "/api");

        static string? User(System.Text.Json.JsonElement answer) => answer.GetProperty("user").GetString();
    }

    private async Task<IPage> DuplicateAsync(IPage page)
    {
        // What "Duplicate tab" does to the storage; browsers offer no command for it.
        var copy = await Context.RunAndWaitForPageAsync(() => page.EvaluateAsync("() => { window.open(location.href); }"));
        await copy.WaitForLoadStateAsync();
        await copy.ReadyAsync();
        return copy;
    }
}
