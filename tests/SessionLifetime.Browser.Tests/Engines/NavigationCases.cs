using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Browser.Tests.Fixtures.Engines;

namespace SessionLifetime.Browser.Tests.Engines;

/// <summary>Plain pages reach the server with the session of their tab.</summary>
public sealed class NavigationCases(EnginesFixture engines, ChromiumFixture chromium) : EngineTest(engines, chromium)
{
    [Theory]
    [EngineCase("link", "reload", "typed", "script", "get", "post", "back")]
    public async Task Every_kind_of_navigation_has_the_session_of_its_tab(EngineKind engine, string kind)
    {
        await using var server = await NavigationServer.StartAsync();
        await using var browser = await OpenAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url + "/first");
        await tab.SettleAsync();
        await tab.ClickAsync("#a");
        await tab.WaitForAsync("document.querySelector('#path')?.textContent.includes('/a')");
        var session = await tab.SettleAsync();
        var (act, leads) = kind switch
        {
            "link" => (() => tab.ClickAsync("#b"), "/b"),
            "reload" => (() => tab.ReloadAsync(), "/a"),
            "typed" => (() => tab.GoToAsync(server.Url + "/typed"), "/typed"),
            "script" => (() => tab.EvaluateAsync<object?>("setTimeout(() => { location.href = '/script'; });"), "/script"),
            "get" => (() => tab.ClickAsync("#get button"), "/found"),
            "post" => (() => tab.ClickAsync("#post button"), "/posted"),
            _ => ((Func<Task>)tab.BackAsync, "/first"),
        };
        var before = server.Visits.Count;

        await act();

        await tab.WaitForAsync($"document.querySelector('#path')?.textContent.includes('{leads}')");
        Assert.Equal(session, await tab.SessionAsync());
        Assert.Equal(session, await tab.TextAsync("#session"));
        Assert.Equal(1, server.Sessions.Count);
        Assert.All(
            server.Visits.Skip(before).Where(static visit => !visit.Path.StartsWith("/_session", StringComparison.Ordinal) && visit.Session is not null),
            visit => Assert.Equal(session, visit.Session));
    }

    /// <summary>The tokens of the old id are worth nothing: a form that is sent at once would come without its session.</summary>
    [Theory]
    [EngineCase]
    public async Task A_page_whose_id_was_replaced_has_tokens_before_its_user_does_anything(EngineKind engine)
    {
        await using var server = await NavigationServer.StartAsync(
            configure: null,
            static sessions => sessions.AddNavigationRelay(),
            static app => app.MapPost("/rotate", static (HttpContext context) => context.GetTabSession()!.RotateIdAsync()));
        var tab = await OpenAsync(engine, server);
        await tab.ClickAsync("#a");
        await tab.WaitForAsync("document.querySelector('#path')?.textContent.includes('/a')");
        var session = await tab.SettleAsync();
        var asked = server.Calls("relay").Count;
        await tab.RunAsync("await fetch('/rotate', { method: 'POST' });");
        await Eventually.BecomesTrueAsync(() => server.Calls("relay").Count > asked, () => "new tokens");

        await tab.ClickAsync("#post button");
        await tab.WaitForAsync("document.querySelector('#path')?.textContent.includes('/posted')");
        Assert.Equal(session, await tab.SessionAsync());
        Assert.Equal(session, server.Visits.Last(static visit => visit.Path == "/post").Session);
    }

    [Theory]
    [EngineCase("link", "redirect", "form", "post", "back", "typed")]
    public async Task A_return_from_another_site_runs_each_page_once_and_in_the_session_of_the_tab(EngineKind engine, string way)
    {
        await using var server = await NavigationServer.StartAsync();
        await using var elsewhere = await ForeignSite.StartAsync(server.Url);
        await using var browser = await OpenAsync(engine);
        var tab = await browser.NewTabAsync();
        await tab.GoToAsync(server.Url + "/first");
        var session = await tab.SettleAsync();
        await tab.EvaluateAsync<object?>($"setTimeout(() => {{ location.href = '{elsewhere.Url}/'; }});");
        await tab.WaitForAsync("document.querySelector('h1')?.textContent === 'Elsewhere'");
        var before = server.Visits.Count;

        await (way switch
        {
            "back" => tab.BackAsync(),
            "typed" => tab.GoToAsync(server.Url + "/typed"),
            _ => tab.ClickAsync("#" + way),
        });

        await tab.WaitForAsync($"document.querySelector('#session')?.textContent === '{session}'");
        Assert.Equal(session, await tab.SettleAsync());
        Assert.Equal(1, server.Sessions.Count);
        var ran = server.Visits.Skip(before).Where(static visit => !visit.Path.StartsWith("/_session", StringComparison.Ordinal) && visit.Session is not null).ToList();
        Assert.All(ran, visit => Assert.Equal(session, visit.Session));
        Assert.True(ran.Count == 1 || (way == "back" && ran.Count == 0), $"{ran.Count} pages ran");
    }
}
