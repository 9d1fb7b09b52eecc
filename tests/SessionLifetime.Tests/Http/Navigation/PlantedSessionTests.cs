using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>Nobody leads another's browser to a session of their own: not by a link, not by a planted cookie.</summary>
public sealed class PlantedSessionTests
{
    [Theory]
    [InlineData(BrowserBinding.WhenPossible, "cross-site")]
    [InlineData(BrowserBinding.WhenPossible, "same-origin")]
    [InlineData(BrowserBinding.Off, "cross-site")]
    public async Task A_ticket_in_a_link_leads_nowhere(BrowserBinding binding, string site)
    {
        await using var app = await StartAsync(options => options.BrowserBinding = binding);
        var (id, name) = await PrepareAsync(app);
        var ticket = (await app.PostAsync("/ticket", id, body: null)).Is(HttpStatusCode.OK).String("ticket");
        var victim = await Surfer.ArriveAsync(app, user: "victim");
        victim.Site = site;

        // From another site the tab is asked for its own session first, where it has any.
        var opened = (await victim.OpenAsync("/page?session-ticket=" + ticket)).Text;
        Assert.True(opened == "none" || opened.Contains("data-returns", StringComparison.Ordinal), opened);
        Assert.DoesNotContain(name, opened, StringComparison.Ordinal);
        Assert.Equal("none", (await victim.NavigateAsync(HttpMethod.Post, "/page?session-ticket=" + ticket)).Text);
        var session = (await app.Sessions.FindAsync(name))!;
        Assert.Null(session.User);
        Assert.Null(session.BrowserId);
    }

    [Fact]
    public async Task A_ticket_in_a_link_takes_no_tabs_session_away()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync(target: "/page?session-ticket=x");

        Assert.NotEqual("none", (await surfer.OpenAsync("/page?session-ticket=x")).Text);
    }

    [Fact]
    public async Task An_event_stream_by_a_ticket_for_a_browser_without_a_key_is_nothing_to_one_that_has_a_key()
    {
        await using var app = await StartAsync();
        var (id, name) = await PrepareAsync(app);
        var victim = await Surfer.ArriveAsync(app);

        var ticket = (await app.PostAsync("/ticket", id, body: null)).Is(HttpStatusCode.OK).String("ticket");
        Assert.Equal("none", (await StreamAsync(victim.Dress)).Text);
        Assert.Equal(name, (await StreamAsync(static _ => { })).Text);

        Task<Answer> StreamAsync(Action<HttpRequestMessage> with) => app.GetAsync("/page?session-ticket=" + ticket, id: null, request =>
        {
            with(request);
            request.Headers.Add("Accept", "text/event-stream");
        });
    }

    [Fact]
    public async Task A_planted_relay_cookie_of_a_session_without_a_browser_leads_nowhere()
    {
        await using var app = await StartAsync();
        var (id, name) = await PrepareAsync(app);

        // Without a key it has no tokens; by a first page there is one, for the key that page was given.
        Assert.Empty((await app.PostAsync("/relay", id, body: null)).Is(HttpStatusCode.OK)["tokens"].EnumerateArray());
        var attacker = new Surfer(app);
        var page = await attacker.OpenAsync("/first");
        foreach (var token in page.Text.Split(' '))
        {
            var victim = await Surfer.ArriveAsync(app, user: "victim");
            victim.Cookies[RelayCookie.Prefix + "planted"] = token + "~1~0";
            Assert.Equal("none", (await victim.OpenAsync("/page")).Text);
        }

        attacker.Cookies[RelayCookie.Prefix + "own"] = page.Text.Split(' ')[0] + "~1~0";
        Assert.NotEqual("none", (await attacker.OpenAsync("/page")).Text);
        Assert.Null((await app.Sessions.FindAsync(name))!.User);
    }

    [Fact]
    public async Task A_planted_id_in_the_cookie_leads_to_no_session_without_a_browser()
    {
        await using var app = await StartAsync(sessions: static sessions => sessions.AddCookieTransport());
        var (id, name) = await PrepareAsync(app);
        var victim = await Surfer.ArriveAsync(app, user: "victim");
        victim.Cookies["SessionLifetime.Session"] = id;

        Assert.Equal("none", (await victim.OpenAsync("/page")).Text);
        Assert.False(victim.Cookies.ContainsKey("SessionLifetime.Session"));
        victim.Cookies["SessionLifetime.Session"] = id;
        (await app.CallAsync(HttpMethod.Post, "/ping", id: null, with: request =>
        {
            victim.Dress(request);
            request.Headers.Add("Sec-Fetch-Site", "same-origin");
        })).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        Assert.Null((await app.Sessions.FindAsync(name))!.User);
    }

    /// <summary>Each is given a key of its own, and the browser keeps the last.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tabs_that_a_browser_without_a_key_opens_at_once_keep_their_first_pages(bool hasCookie)
    {
        await using var app = await StartAsync(sessions: sessions => _ = hasCookie ? sessions.AddNavigationRelay().AddCookieTransport() : sessions.AddNavigationRelay());
        var (first, second) = (new Surfer(app), new Surfer(app));
        var one = (await first.OpenAsync("/first")).Text.Split(' ')[1];
        var two = (await second.OpenAsync("/first")).Text.Split(' ')[1];
        first.Cookies.Clear();
        foreach (var (name, value) in second.Cookies)
        {
            first.Cookies[name] = value;
        }

        Assert.Equal("created", (await first.AttachAsync(one)).String("outcome"));
        Assert.Equal("created", (await second.AttachAsync(two)).String("outcome"));
        Assert.Equal(2, app.Sessions.Count);
        (await first.CallAsync("/ping")).Is(HttpStatusCode.OK);
        (await second.CallAsync("/ping")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_first_page_is_taken_over_where_cookies_never_come()
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        var token = (await surfer.OpenAsync("/first")).Text.Split(' ')[1];
        surfer.Cookies.Clear();

        Assert.Equal(1, app.Sessions.Count);
        Assert.Equal("created", (await surfer.AttachAsync(token)).String("outcome"));
        Assert.Equal(1, app.Sessions.Count);
    }

    /// <summary>A session that belongs to nobody yet: its maker takes no cookies.</summary>
    private static async Task<(string Id, string Name)> PrepareAsync(SessionApp app)
    {
        var id = await app.StartSessionAsync();
        return (id, (await app.StatusAsync(id)).String("session")!);
    }

    private static Task<SessionApp> StartAsync(Action<SessionLifetimeOptions>? options = null, Action<SessionLifetimeBuilder>? sessions = null) => SessionApp.StartAsync(setup =>
    {
        setup.Options = options ?? setup.Options;
        setup.Sessions = sessions ?? (static builder => builder.AddNavigationRelay());
        setup.Before = Visitor.UseTestUsers;
        setup.Map = static web =>
        {
            web.MapMethods("/page", ["GET", "POST"], static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
            web.MapGet("/first", static (HttpContext context) => Tokens(StartedPageTests.Render(context))).StartTabSession();
        };
    });

    /// <summary>That for the next navigation, and that for the module.</summary>
    private static string Tokens(string page) => Between(page, " data-token=\"") + " " + Between(page, "data-hand-over=\"");

    private static string Between(string page, string before) => page.Split(before)[1].Split('"')[0];
}
