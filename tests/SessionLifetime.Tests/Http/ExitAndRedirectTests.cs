using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Tests.Http;

public sealed class ExitAndRedirectTests
{
    [Fact]
    public async Task A_script_is_told_where_to_go_and_its_session_is_over()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        var answer = (await app.SendAsync(HttpMethod.Post, "/leave", id, with: request => request.Headers.Add("Sec-Fetch-Mode", "cors"))).Is(HttpStatusCode.OK);

        Assert.Equal("ended", answer.Header("X-Session-State"));
        Assert.Equal("/bye.html", answer.Header("X-Session-Location"));
        Assert.Null(answer.Header("Location"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Equal(["SessionStarted", "ApplicationExit Exited"], app.Events);
        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
    }

    [Fact]
    public async Task A_navigation_is_redirected()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        var answer = (await app.SendAsync(HttpMethod.Post, "/leave", id, with: request => request.Headers.Add("Sec-Fetch-Mode", "navigate")))
            .Is(HttpStatusCode.SeeOther);

        Assert.Equal("/bye.html", answer.Header("Location"));
        Assert.Null(answer.Header("X-Session-Location"));
        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
    }

    [Fact]
    public async Task Without_the_browsers_hint_a_session_means_script_and_none_means_navigation()
    {
        await using var app = await StartAsync();

        (await app.SendAsync(HttpMethod.Post, "/leave", await app.StartSessionAsync())).Is(HttpStatusCode.OK);
        var plain = (await app.SendAsync(HttpMethod.Post, "/leave", null)).Is(HttpStatusCode.SeeOther);
        Assert.DoesNotContain(plain.Headers.Keys, header => header.StartsWith("X-Session", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("/bye.html", "/bye.html")]
    [InlineData("bye?x=1#y", "bye?x=1#y")]
    [InlineData("https://elsewhere.example/bye", "https://elsewhere.example/bye")]
    [InlineData("https://elsewhere.example/tschüß", "https://elsewhere.example/tsch%C3%BC%C3%9F")]
    [InlineData("/tschüß", "/tsch%C3%BC%C3%9F")]
    [InlineData("/a\r\nX-Injected: 1", "/a%0D%0AX-Injected:%201")]
    [InlineData("/a%20b", "/a%20b")]
    public async Task The_location_is_one_ascii_header_whatever_it_holds(string url, string expected)
    {
        await using var app = await SessionApp.StartAsync(setup =>
            setup.Map = web => web.MapPost("/leave", (HttpContext context) => context.ExitAndRedirectAsync(url)));
        var id = await app.StartSessionAsync();

        var script = await app.SendAsync(HttpMethod.Post, "/leave", id);
        var navigation = await app.SendAsync(HttpMethod.Post, "/leave", null);

        Assert.Equal(expected, script.Header("X-Session-Location"));
        Assert.Equal(expected, navigation.Header("Location"));
        Assert.Null(script.Header("X-Injected"));
    }

    [Theory]
    [InlineData("/shop", "~/bye?x=1", "/shop/bye?x=1")]
    [InlineData("", "~/bye", "/bye")]
    [InlineData("", "~/t\u00fc", "/t%C3%BC")]
    [InlineData("/shop", "/bye", "/bye")]
    [InlineData("/shop", "~bye", "~bye")]
    public async Task A_tilde_stands_for_the_path_base(string pathBase, string url, string expected)
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Before = web => web.UsePathBase(pathBase).UseRouting();
            setup.Map = web => web.MapPost("/leave", (HttpContext context) => context.ExitAndRedirectAsync(url));
        });

        Assert.Equal(expected, (await app.SendAsync(HttpMethod.Post, pathBase + "/leave", null)).Is(HttpStatusCode.SeeOther).Header("Location"));
        Assert.Equal(expected, (await app.SendAsync(HttpMethod.Post, pathBase + "/leave", await app.StartSessionAsync())).Header("X-Session-Location"));
    }

    [Theory]
    [InlineData("~//evil.example")]
    [InlineData("~/\\evil.example")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData(" javascript:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https:evil.example")]
    [InlineData("https:/evil.example")]
    [InlineData("https:\\\\evil.example")]
    public async Task An_address_that_leads_elsewhere_than_it_says_is_refused_and_the_session_lives_on(string url)
    {
        Exception? thrown = null;
        await using var app = await SessionApp.StartAsync(setup => setup.Map = web => web.MapPost(
            "/leave",
            async (HttpContext context) => thrown = await Record.ExceptionAsync(() => context.ExitAndRedirectAsync(url))));
        var id = await app.StartSessionAsync();

        await app.SendAsync(HttpMethod.Post, "/leave", id);

        Assert.IsType<ArgumentException>(thrown);
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    public async Task A_path_base_that_a_proxy_sent_leads_to_no_other_host(string pathBase)
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Before = web => web.Use((context, next) =>
            {
                context.Request.PathBase = new PathString(pathBase);
                return next(context);
            });
            setup.Map = web =>
            {
                web.MapPost("/leave", (HttpContext context) => context.ExitAndRedirectAsync("~/bye"));
                web.MapGet("/tags", (HttpContext context) => context.GetSessionLifetimeTags());
            };
        });

        Assert.Matches(@"^/[^/\\].*evil\.example/bye$|^/evil\.example/bye$", (await app.SendAsync(HttpMethod.Post, "/leave", null)).Is(HttpStatusCode.SeeOther).Header("Location"));
        Assert.Matches(@"src=""/[^/\\]", (await app.GetAsync("/tags", null)).Is(HttpStatusCode.OK).Text);
    }

    [Theory]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("//evil.example", false)]
    [InlineData("/bye?x=1&y=2", true)]
    [InlineData("https://elsewhere.example/bye", true)]
    public async Task The_tag_hands_no_such_address_to_the_module_either(string url, bool isGood)
    {
        string? tags = null;
        Exception? thrown = null;
        await using var app = await SessionApp.StartAsync(setup => setup.Map = web => web.MapGet("/tags", (HttpContext context) =>
        {
            thrown = Record.Exception(() => tags = context.GetSessionLifetimeTags([new("data-ended-url", url)]));
            return "";
        }));

        await app.GetAsync("/tags", null);

        Assert.Equal(isGood, tags is not null);
        Assert.Equal(isGood ? null : typeof(ArgumentException), thrown?.GetType());
    }

    [Fact]
    public async Task Who_has_ended_all_sessions_of_the_user_before_is_sent_away_all_the_same()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup =>
        {
            setup.Before = Visitor.UseTestUsers;
            setup.Map = web => web.MapGet("/out", async (HttpContext context, ISessionLifetime sessions) =>
            {
                await sessions.EndAllAsync(context.GetTabSession()!.User!);
                await context.ExitAndRedirectAsync("~/bye.html");
            });
        });
        var here = await Visitor.ArriveAsync(app, "ada");
        var there = await Visitor.ArriveAsync(app, "ada");

        Assert.Equal("/bye.html", (await here.GetAsync("/out")).Is(HttpStatusCode.OK).Header("X-Session-Location"));
        (await there.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        Assert.Equal(2, app.Events.Count(static line => line == "ApplicationExit Revoked"));
    }

    [Fact]
    public async Task The_landing_page_starts_no_session()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await app.SendAsync(HttpMethod.Post, "/leave", id);

        (await app.GetAsync("/bye.html", null)).Is(HttpStatusCode.OK);
        (await app.GetAsync("/bye.html", id)).Is(HttpStatusCode.OK);

        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Too_late_is_said_clearly_and_ends_nothing()
    {
        Exception? thrown = null;
        await using var app = await SessionApp.StartAsync(setup => setup.Map = web =>
        {
            web.MapPost("/late", async (HttpContext context) =>
            {
                await context.Response.WriteAsync("started");
                thrown = await Record.ExceptionAsync(() => context.ExitAndRedirectAsync("/bye.html"));
            });
            web.MapPost("/empty", async (HttpContext context) => thrown = await Record.ExceptionAsync(() => context.ExitAndRedirectAsync(" ")));
        });
        var id = await app.StartSessionAsync();

        await app.SendAsync(HttpMethod.Post, "/late", id);
        Assert.IsType<InvalidOperationException>(thrown);
        await app.SendAsync(HttpMethod.Post, "/empty", id);
        Assert.IsType<ArgumentException>(thrown);
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    private static Task<SessionApp> StartAsync() => SessionApp.StartRecordingAsync(setup => setup.Map = web =>
    {
        web.MapPost("/leave", static (HttpContext context) => context.ExitAndRedirectAsync("/bye.html"));
        web.MapGet("/bye.html", static () => Results.Text("<title>Bye</title>", "text/html"));
    });
}
