using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>What a page without a token tells of its tab is believed for seconds, and of sessions that have ended.</summary>
public sealed class RelayMarkTests
{
    [Theory]
    [InlineData("", null)]
    [InlineData("SignalLost", "SignalLost")]
    [InlineData("AbsoluteTimeout", "AbsoluteTimeout")]
    public async Task A_page_whose_session_has_ended_says_why_as_far_as_it_knows(string word, string? reason)
    {
        await using var app = await NavigationRelayTests.StartAsync();
        var surfer = new Surfer(app);
        Mark(surfer, $"ended.{word}.AAAAAAAAAAA.{Seconds(app)}");

        var answer = await surfer.OpenAsync("/strict");

        answer.IsProblem(HttpStatusCode.Gone, "sessionEnded");
        Assert.Equal(reason, answer.Json.TryGetProperty("reason", out var told) ? told.GetString() : null);
    }

    [Theory]
    [InlineData(-16)]
    [InlineData(16)]
    [InlineData(-3600)]
    [InlineData(1_000_000)]
    public async Task One_that_was_not_written_just_now_is_passed_over(int ago)
    {
        await using var app = await NavigationRelayTests.StartAsync();
        var surfer = new Surfer(app);

        Mark(surfer, $"ended.Exited.AAAAAAAAAAA.{Seconds(app) - ago}");
        Assert.Equal("none", (await surfer.OpenAsync("/page")).Is(HttpStatusCode.OK).Text);

        surfer = await Surfer.ArriveAsync(app);
        surfer.RunsLookup = false;
        Mark(surfer, $"none.{Seconds(app) - ago}");
        Assert.True(Surfer.IsLookup(await surfer.OpenAsync("/page")));
    }

    [Fact]
    public async Task One_of_a_session_that_lives_is_passed_over()
    {
        await using var app = await NavigationRelayTests.StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        Mark(surfer, $"ended.Exited.{session}.{Seconds(app)}");
        surfer.IsInOwnTab = true;

        Assert.Equal(session, (await surfer.OpenAsync("/page")).Text);

        await surfer.CallAsync("/exit");
        Mark(surfer, $"ended.Exited.{session}.{Seconds(app)}");
        (await surfer.OpenAsync("/strict")).IsProblem(HttpStatusCode.Gone, "sessionEnded");
    }

    /// <summary>Two tabs leave one after the other, the first for a page that uses up no token, the second without one.</summary>
    [Fact]
    public async Task A_page_that_has_lost_its_token_is_not_taken_for_another_tab()
    {
        await using var app = await NavigationRelayTests.StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        surfer.RunsLookup = false;
        await surfer.LeaveAsync("other", time: 1);
        surfer.Cookies[RelayCookie.Prefix + "page"] = $"lost.{Seconds(app)}~2~0";

        Assert.True(Surfer.IsLookup(await surfer.OpenAsync("/page")));
        surfer.Cookies[RelayCookie.Prefix + "page"] = $"lost.{Seconds(app)}~2~0";
        Assert.Equal("none", (await surfer.NavigateAsync(HttpMethod.Post, "/any")).Is(HttpStatusCode.OK).Text);

        // Its own cookie is gone with the answer; the other tab's is still good.
        Assert.Equal("other", surfer.RelayName![RelayCookie.Prefix.Length..]);
    }

    [Fact]
    public async Task A_mark_of_a_lost_token_that_was_not_written_just_now_is_passed_over()
    {
        await using var app = await NavigationRelayTests.StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        await surfer.LeaveAsync(time: 1);
        surfer.Cookies[RelayCookie.Prefix + "planted"] = $"lost.{Seconds(app) - 16}~2~0";

        Assert.Equal(session, (await surfer.OpenAsync("/page")).Text);
    }

    /// <summary>Neither how many there are nor how new they pretend to be keeps the tab from its session; what they are worth is nothing.</summary>
    [Theory]
    [InlineData("ended~99999999999999~0")]
    [InlineData("ended.Exited.AAAAAAAAAAA.99999999999~99999999999999~0")]
    [InlineData("none.99999999999~99999999999999~0")]
    [InlineData("BBBBBBBBBBBBBBBBBBBBBB~99999999999999~0")]
    [InlineData("BBBBBBBBBBBBBBBBBBBBBB~1~0")]
    public async Task Planted_ones_lead_nowhere_and_push_out_no_token(string planted)
    {
        await using var app = await NavigationRelayTests.StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        var nobody = new Surfer(app);
        for (var number = 0; number < 60; number++)
        {
            surfer.Cookies[$"{RelayCookie.Prefix}planted{number}"] = nobody.Cookies[$"{RelayCookie.Prefix}planted{number}"] = planted;
        }

        await surfer.LeaveAsync(time: 5);

        Assert.Equal(session, (await surfer.OpenAsync("/page")).Text);
        Assert.Equal(0, surfer.Lookups);
        Assert.Equal("none", (await nobody.OpenAsync("/page")).Is(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task A_redirect_before_the_middleware_passes_on_the_tabs_own_token()
    {
        await using var app = await NavigationRelayTests.StartAsync(static setup => setup.Before = static web => web.Use(static (HttpContext context, RequestDelegate next) =>
        {
            if (context.Request.Path == "/members")
            {
                context.Response.Redirect("/page");
                return Task.CompletedTask;
            }

            return next(context);
        }));
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        surfer.Cookies[RelayCookie.Prefix + "planted"] = "BBBBBBBBBBBBBBBBBBBBBB~99999999999999~0";
        await surfer.LeaveAsync();

        Assert.Equal(session, (await surfer.FollowAsync(await surfer.OpenAsync("/members"))).Text);
        Assert.Equal(0, surfer.Lookups);
    }

    private static long Seconds(SessionApp app) => app.Time.GetUtcNow().ToUnixTimeSeconds();

    private static void Mark(Surfer surfer, string mark) => surfer.Cookies[RelayCookie.Prefix + "mark"] = mark + "~1~0";
}
