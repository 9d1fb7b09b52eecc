using System.Net;
using System.Text.Encodings.Web;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Rendering;
using Microsoft.AspNetCore.Razor.TagHelpers;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>Sessions that start on the server, for a page that the browser module has yet to take over.</summary>
public sealed partial class StartedPageTests
{
    [Fact]
    public async Task A_first_visit_has_a_session_that_the_module_takes_over_without_its_id_in_the_page()
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);

        var page = (await surfer.OpenAsync("/page")).Is(HttpStatusCode.OK);

        var session = Shown(page);
        Assert.Equal("no-store", page.Header("Cache-Control"));
        Assert.Null(page.Header("X-Session-Id"));
        app.Time.Advance(TimeSpan.FromSeconds(30));
        var attached = (await surfer.AttachAsync(HandOver(page))).Is(HttpStatusCode.Created);
        Assert.Equal(("created", session), (attached.String("outcome"), attached.String("session")));
        Assert.DoesNotContain(attached.Id!, page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(attached.Id!, page.Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Equal(["SessionStarted"], app.Events);
        app.Time.Advance(TimeSpan.FromMinutes(2));
        (await surfer.CallAsync("/ping")).Is(HttpStatusCode.OK);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task A_visitor_without_the_module_leaves_nothing_after_a_minute()
    {
        await using var app = await StartAsync();
        await new Surfer(app).OpenAsync("/page");
        Assert.Equal(1, app.Sessions.Count);
        app.Time.Advance(TimeSpan.FromSeconds(59));
        await app.SweepAsync();
        Assert.Equal(1, app.Sessions.Count);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.SweepAsync();
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task An_app_may_say_how_soon()
    {
        await using var app = await StartAsync(setup => setup.Options = options => options.UnconfirmedTimeout = TimeSpan.FromSeconds(5));
        await new Surfer(app).OpenAsync("/page");
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();
        Assert.Equal(0, app.Sessions.Count);
    }

    [Theory]
    [InlineData("GET", "Sec-Purpose", "prefetch;prerender")]
    [InlineData("GET", "Sec-Fetch-Mode", "cors")]
    [InlineData("GET", "Sec-Fetch-Dest", "iframe")]
    [InlineData("POST", null, null)]
    [InlineData("HEAD", null, null)]
    public async Task Nothing_but_a_plain_GET_starts_one(string method, string? header, string? value)
    {
        await using var app = await StartAsync();
        var page = await new Surfer(app).NavigateAsync(new HttpMethod(method), "/page", request =>
        {
            if (header is not null)
            {
                request.Headers.Remove(header);
                request.Headers.Add(header, value);
            }
        });
        Assert.Equal(HttpStatusCode.OK, page.Status);
        Assert.Equal(0, app.Sessions.Count);
        (await app.GetAsync("/page", id: null)).Is(HttpStatusCode.OK);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Only_one_tab_takes_it_over_and_only_once_and_only_in_its_browser()
    {
        await using var app = await StartAsync();
        var known = await Surfer.ArriveAsync(app);
        var page = await known.OpenAsync("/page");
        var thief = await Surfer.ArriveAsync(app);
        thief.Id = null;
        Assert.NotEqual(Shown(page), (await thief.AttachAsync(HandOver(page))).String("session"));
        known.Id = null;
        Assert.Equal(Shown(page), (await known.AttachAsync(HandOver(page))).String("session"));
        known.Id = null;
        Assert.NotEqual(Shown(page), (await known.AttachAsync(HandOver(page), page: "other")).String("session"));
    }

    [Fact]
    public async Task A_tab_that_has_a_living_session_keeps_it_and_one_whose_session_is_gone_is_told_so()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var page = await surfer.OpenAsync("/page");
        Assert.Equal("resumed", (await surfer.AttachAsync(HandOver(page))).Is(HttpStatusCode.OK).String("outcome"));
        await surfer.CallAsync("/exit");
        page = await surfer.OpenAsync("/page");

        var answer = await surfer.AttachAsync(HandOver(page));

        Assert.Equal(("restarted", Shown(page)), (answer.String("outcome"), answer.String("session")));
        Assert.Equal("Exited", answer["previous"].GetProperty("reason").GetString());
    }

    [Theory]
    [InlineData("malformed")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("")]
    public async Task What_is_no_token_hands_over_nothing(string token)
    {
        await using var app = await StartAsync();
        Assert.Equal("created", (await new Surfer(app).AttachAsync(token)).Is(HttpStatusCode.Created).String("outcome"));
    }

    [Fact]
    public async Task A_full_server_serves_the_page_without_one_and_refuses_where_one_is_required()
    {
        await using var app = await StartAsync(setup => setup.Options = options => options.MaxSessions = 1);
        await new Surfer(app).OpenAsync("/page");

        Assert.Equal("", Shown((await new Surfer(app).OpenAsync("/page")).Is(HttpStatusCode.OK)));
        (await new Surfer(app).OpenAsync("/required")).IsProblem(HttpStatusCode.ServiceUnavailable, "atCapacity");
    }

    [Fact]
    public async Task The_output_cache_keeps_no_page_of_anybody()
    {
        await using var app = await StartAsync();
        var (first, second) = (new Surfer(app), new Surfer(app));

        Assert.NotEqual(Shown(await first.OpenAsync("/cached")), Shown(await second.OpenAsync("/cached")));
        Assert.Equal("", Shown(await app.GetAsync("/cached", id: null)));
    }

    [Fact]
    public async Task A_write_to_the_frameworks_session_starts_one_for_a_page_too_and_the_redirect_after_it_hands_it_over()
    {
        await using var app = await StartAsync(writes: true);
        var surfer = new Surfer(app);

        var posted = await surfer.NavigateAsync(HttpMethod.Post, "/write");
        Assert.Null(posted.Header("X-Session-Id"));
        var page = await surfer.FollowAsync(posted);

        Assert.Equal("Ada", Regex.Match(page.Text, "name=(.*)$").Groups[1].Value);
        Assert.Equal(Shown(page), (await surfer.AttachAsync(HandOver(page))).String("session"));
        Assert.Equal(1, app.Sessions.Count);

        // A tab whose token is spent has a session, which a new one would only hide.
        surfer.Cookies[RelayCookie.Prefix + "x"] = $"AAAAAAAAAAAAAAAAAAAAAA~{app.Time.GetUtcNow().ToUnixTimeMilliseconds()}~0";
        Assert.Contains("is gone", (await surfer.NavigateAsync(HttpMethod.Post, "/write")).Text, StringComparison.Ordinal);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("text/event-stream")]
    public async Task A_write_by_a_request_whose_query_holds_what_is_no_ticket_fails_nothing_and_leaves_nothing(string accept)
    {
        await using var app = await StartAsync(writes: true);
        var answer = await new Surfer(app).NavigateAsync(HttpMethod.Post, "/write?session-ticket=x", request =>
        {
            request.Headers.Remove("Accept");
            request.Headers.Add("Accept", accept);
        });

        Assert.Equal(HttpStatusCode.Redirect, answer.Status);
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await app.SweepAsync();
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Where_nobody_could_tell_the_browser_a_write_for_a_page_starts_none_and_says_why()
    {
        await using var app = await StartAsync(writes: true, relays: false);

        Assert.Contains("AddNavigationRelay() or AddCookieTransport()", (await new Surfer(app).NavigateAsync(HttpMethod.Post, "/write")).Text, StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);
        Assert.NotEmpty(Shown(await new Surfer(app).OpenAsync("/page")));
    }

    [Fact]
    public async Task Another_view_engine_writes_the_same_tags_with_options_of_its_own()
    {
        await using var app = await StartAsync(static setup =>
        {
            var map = setup.Map;
            setup.Map = web =>
            {
                map(web);
                web.MapGet("/other", static (HttpContext context) =>
                    $"session={context.GetTabSession()?.Id};{context.GetSessionLifetimeTags([new("data-keep-alive", "stretch\">")])}").StartTabSession();
                web.MapGet("/wrong/{name}", static (HttpContext context, string name) =>
                    Assert.Throws<ArgumentException>(() => context.GetSessionLifetimeTags([new(name, "x")])).ParamName);
            };
        });
        var surfer = new Surfer(app);
        var (ours, theirs) = (await surfer.OpenAsync("/page"), await surfer.OpenAsync("/other"));

        Assert.Equal(Shown(theirs), (await surfer.AttachAsync(HandOver(theirs))).String("session"));
        Assert.Contains($"data-rendered-for=\"{Shown(theirs)}\"", theirs.Text, StringComparison.Ordinal);
        Assert.Contains(" data-keep-alive=\"stretch&quot;&gt;\"", theirs.Text, StringComparison.Ordinal);
        Assert.Equal(Plain(ours), Plain(theirs));
        Assert.Equal("attributes", (await surfer.OpenAsync("/wrong/onload")).Text);
        Assert.Equal("attributes", (await surfer.OpenAsync("/wrong/data-x%20onload")).Text);

        static string Plain(Answer page) => Regex.Replace(page.Text.Replace(" data-keep-alive=\"stretch&quot;&gt;\"", "", StringComparison.Ordinal), "(session|data-(hand-over|rendered-for|token))=[^; >]*", "");
    }

    internal static string Shown(Answer page) => Field().Match(page.Text).Groups["session"].Value;

    internal static string HandOver(Answer page) => Token().Match(page.Text).Groups["token"].Value;

    internal static string Render(HttpContext context)
    {
        var helper = new SessionLifetimeTagHelper(context.RequestServices) { ViewContext = new ViewContext { HttpContext = context } };
        var output = new TagHelperOutput("session-lifetime", [], static (_, _) => Task.FromResult<TagHelperContent>(new DefaultTagHelperContent()));
        helper.Process(new TagHelperContext([], new Dictionary<object, object>(), "1"), output);
        using var writer = new StringWriter();
        output.WriteTo(writer, HtmlEncoder.Default);
        return $"session={context.GetTabSession()?.Id};{writer}";
    }

    private static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null, bool writes = false, bool relays = true) => SessionApp.StartRecordingAsync(setup =>
    {
        setup.Sessions = sessions =>
        {
            _ = relays ? sessions.AddNavigationRelay() : sessions;
            sessions.AddHttpSession(http => http.StartOnWrite = writes);
        };
        setup.Services = static builder => builder.Services.AddOutputCache();
        setup.Map = static web =>
        {
            web.UseOutputCache();
            web.MapMethods("/page", ["GET", "HEAD", "POST"], static (HttpContext context) => Render(context)).StartTabSession();
            web.MapGet("/required", static (HttpContext context) => Render(context)).StartTabSession().RequireTabSession();
            web.MapGet("/cached", static (HttpContext context) => Render(context)).StartTabSession().CacheOutput();
            web.MapGet("/read", static (HttpContext context) => $"{Render(context)}name={context.Session.GetString("name")}");
            web.MapPost("/write", static (HttpContext context) =>
            {
                try
                {
                    context.Session.SetString("name", "Ada");
                    return Results.Redirect("/read");
                }
                catch (InvalidOperationException exception)
                {
                    return Results.Text(exception.Message);
                }
            });
        };
        configure?.Invoke(setup);
    });

    [GeneratedRegex("^session=(?<session>[^;]*);")]
    private static partial Regex Field();

    [GeneratedRegex("data-hand-over=\"(?<token>[^\"]{22})\"")]
    private static partial Regex Token();
}
