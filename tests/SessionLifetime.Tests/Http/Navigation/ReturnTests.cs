using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>A tab that comes back from another site is asked for its session before an endpoint runs.</summary>
public sealed class ReturnTests
{
    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    [InlineData("none")]
    public async Task A_tab_that_comes_back_is_asked_first_and_its_endpoint_runs_once_in_its_session(string site)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var own = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        surfer.Site = site;

        var asked = (await surfer.OpenAsync("/callback?code=1")).Is(HttpStatusCode.OK);
        Assert.Contains("data-returns", asked.Text, StringComparison.Ordinal);
        Assert.Equal("no-store", asked.Header("Cache-Control"));
        Assert.DoesNotContain("callback", string.Join(", ", Ran(app)), StringComparison.Ordinal);

        // What the page does: it leaves its token behind, and loads the address again.
        surfer.Site = "same-origin";
        await surfer.LeaveAsync(target: "/callback?code=1");
        Assert.Equal(own, (await surfer.OpenAsync("/callback?code=1")).Is(HttpStatusCode.OK).Text);
        Assert.Equal([$"callback {own}"], Ran(app));
        Assert.Null(surfer.RelayName);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Theory]
    [InlineData("same-origin")]
    [InlineData("cross-site")]
    public async Task A_tab_without_a_session_is_asked_once_and_goes_on_without_one(string again)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        surfer.Site = "cross-site";
        Assert.Contains("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);
        Assert.NotNull(surfer.RelayName);

        // By its script, or, where none runs, by itself.
        surfer.Site = again;
        Assert.DoesNotContain("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);
        Assert.Single(Ran(app));
        Assert.Equal(2, app.Sessions.Count);
    }

    [Fact]
    public async Task Whoever_has_no_session_at_all_is_not_asked()
    {
        await using var app = await StartAsync();
        var stranger = new Surfer(app) { Site = "cross-site" };
        Assert.DoesNotContain("data-returns", (await stranger.OpenAsync("/callback")).Text, StringComparison.Ordinal);
        stranger.Cookies["SessionLifetime.Browser"] = "AAAAAAAAAAAAAAAAAAAAAQ";
        Assert.DoesNotContain("data-returns", (await stranger.OpenAsync("/callback")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Links_inside_the_app_and_new_tabs_are_not_asked_and_Back_from_elsewhere_is_once()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        Assert.DoesNotContain("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);

        surfer.Cookies["SessionLifetime.Away"] = "1";
        Assert.Contains("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);
        Assert.DoesNotContain("SessionLifetime.Away", surfer.Cookies.Keys);

        // Planted for the whole domain, it cannot be removed: still nobody is asked twice for one navigation.
        surfer.Cookies["SessionLifetime.Away"] = "1";
        Assert.DoesNotContain("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_cookie_of_the_browser_does_not_stand_in_for_the_session_of_the_tab()
    {
        await using var app = await StartAsync(static sessions => sessions.AddNavigationRelay().AddCookieTransport());
        var surfer = await Surfer.ArriveAsync(app);
        surfer.Cookies["SessionLifetime.Session"] = surfer.Id!;
        surfer.Site = "cross-site";

        Assert.Contains("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);
        Assert.Empty(Ran(app));
        surfer.Site = "same-origin";
        Assert.DoesNotContain("data-returns", (await surfer.OpenAsync("/callback")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_form_of_another_site_sees_no_session_and_its_redirect_asks()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();
        surfer.Site = "cross-site";

        var posted = (await surfer.NavigateAsync(HttpMethod.Post, "/form")).Is(HttpStatusCode.Redirect);
        Assert.Equal(["form none"], Ran(app));
        surfer.Cookies.Remove(surfer.RelayName!);
        Assert.Contains("data-returns", (await surfer.OpenAsync(posted.Header("Location")!)).Text, StringComparison.Ordinal);
        Assert.Equal(1, app.Sessions.Count);
    }

    private static List<string> Ran(SessionApp app) => app.App.Services.GetRequiredService<List<string>>();

    private static Task<SessionApp> StartAsync(Action<SessionLifetimeBuilder>? sessions = null) => SessionApp.StartAsync(setup =>
    {
        setup.Sessions = sessions ?? (static sessions => sessions.AddNavigationRelay());
        setup.Services = static builder => builder.Services.AddSingleton<List<string>>();
        setup.Map = static web =>
        {
            web.MapGet("/callback", static (HttpContext context, List<string> ran) => Note(context, ran, "callback")).StartTabSession();
            web.MapPost("/form", static (HttpContext context, List<string> ran) =>
            {
                Note(context, ran, "form");
                return Results.Redirect("/callback");
            });
        };
    });

    private static string Note(HttpContext context, List<string> ran, string name)
    {
        var session = context.GetTabSession()?.Id ?? "none";
        ran.Add($"{name} {session}");
        return session;
    }
}
