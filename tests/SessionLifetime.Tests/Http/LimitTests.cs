using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Tests.Http;

/// <summary>How many sessions a browser and a user may have (contract, section 12).</summary>
public sealed class LimitTests
{
    [Fact]
    public async Task One_session_more_of_a_browser_is_refused_and_the_others_live_on()
    {
        await using var app = await StartAsync(static options => options.MaxSessionsPerBrowser = 2);
        using var counts = new MetricCounts(app);
        var first = await Visitor.ArriveAsync(app);
        var second = await Visitor.ArriveAsync(app, key: first.Key);

        var answer = await new Visitor(app) { Key = first.Key }.AttachAsync();

        answer.IsProblem(HttpStatusCode.ServiceUnavailable, "browserLimit");
        Assert.Equal("30", answer.Header("Retry-After"));
        Assert.Equal(1, counts["sessionlifetime.refused cause=browserLimit"]);
        (await first.PingAsync()).Is(HttpStatusCode.OK);
        (await second.PingAsync()).Is(HttpStatusCode.OK);
        await Visitor.ArriveAsync(app);
        await first.ExitAsync();
        await Visitor.ArriveAsync(app, key: second.Key);
    }

    [Fact]
    public async Task One_session_more_of_a_user_is_refused_on_whatever_device()
    {
        await using var app = await StartAsync(static options => options.MaxSessionsPerUser = 2);
        var laptop = await Visitor.ArriveAsync(app, "ada");
        await Visitor.ArriveAsync(app, "ada");

        (await new Visitor(app) { User = "ada" }.AttachAsync()).IsProblem(HttpStatusCode.ServiceUnavailable, "userLimit");

        await Visitor.ArriveAsync(app, "eve");
        (await laptop.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_sign_in_beyond_the_limit_leaves_the_session_as_it_was()
    {
        await using var app = await StartAsync(static options => options.MaxSessionsPerUser = 1);
        var laptop = await Visitor.ArriveAsync(app, "ada");
        var phone = await Visitor.ArriveAsync(app);
        phone.User = "ada";

        var answer = await phone.PingAsync();
        answer.IsProblem(HttpStatusCode.ServiceUnavailable, "userLimit");
        Assert.Equal("30", answer.Header("Retry-After"));
        (await phone.AttachAsync()).IsProblem(HttpStatusCode.ServiceUnavailable, "userLimit");
        (await phone.GetAsync("/required")).IsProblem(HttpStatusCode.ServiceUnavailable, "userLimit");
        var plain = await phone.GetAsync("/session");
        Assert.Equal(("none", null), (plain.Is(HttpStatusCode.OK).Text, plain.Header("X-Session-State")));

        phone.User = null;
        (await phone.PingAsync()).Is(HttpStatusCode.OK);
        await laptop.ExitAsync();
        phone.User = "ada";
        (await phone.PingAsync()).Is(HttpStatusCode.OK);
        Assert.Equal("ada", (await phone.SessionAsync())!.User);
    }

    [Fact]
    public async Task By_the_other_policy_the_one_whose_user_was_idle_longest_ends_displaced()
    {
        await using var app = await StartAsync(static options => (options.MaxSessionsPerUser, options.LimitPolicy) = (2, SessionLimitPolicy.EndOldest));
        var oldest = await Visitor.ArriveAsync(app, "ada");
        app.Time.Advance(TimeSpan.FromSeconds(10));
        var newer = await Visitor.ArriveAsync(app, "ada");
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await oldest.ActivityAsync();
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await newer.PingAsync();

        var third = await Visitor.ArriveAsync(app, "ada");

        Assert.Equal("Displaced", (await newer.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        (await oldest.PingAsync()).Is(HttpStatusCode.OK);
        (await third.PingAsync()).Is(HttpStatusCode.OK);
        await SessionApp.EventuallyAsync(() => app.Events.Contains("ApplicationExit Displaced"));
        Assert.Single(app.Events, static line => line == "ApplicationExit Displaced");
    }

    [Fact]
    public async Task A_session_with_a_request_in_flight_is_not_the_one_that_was_idle_longest()
    {
        var gate = new Gate();
        await using var app = await StartAsync(
            static options => (options.MaxSessionsPerBrowser, options.LimitPolicy) = (2, SessionLimitPolicy.EndOldest),
            web => web.MapGet("/long", gate.PassAsync));
        var busy = await Visitor.ArriveAsync(app);
        var idle = await Visitor.ArriveAsync(app, key: busy.Key);
        var upload = busy.GetAsync("/long");
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await idle.ActivityAsync();
        app.Time.Advance(TimeSpan.FromMinutes(5));

        await Visitor.ArriveAsync(app, key: busy.Key);

        (await busy.StatusAsync()).Is(HttpStatusCode.OK);
        (await idle.StatusAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        gate.Open();
        await upload;
    }

    [Fact]
    public async Task A_sign_in_beyond_the_limit_displaces_another_session_never_its_own()
    {
        await using var app = await StartAsync(static options => (options.MaxSessionsPerUser, options.LimitPolicy) = (1, SessionLimitPolicy.EndOldest));
        var phone = await Visitor.ArriveAsync(app);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        var laptop = await Visitor.ArriveAsync(app, "ada");

        phone.User = "ada";
        (await phone.PingAsync()).Is(HttpStatusCode.OK);

        Assert.Equal("ada", (await phone.SessionAsync())!.User);
        (await laptop.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded");
    }

    [Fact]
    public async Task A_browser_displaces_its_own_tab()
    {
        await using var app = await StartAsync(static options => (options.MaxSessionsPerBrowser, options.LimitPolicy) = (1, SessionLimitPolicy.EndOldest));
        var first = await Visitor.ArriveAsync(app);
        var other = await Visitor.ArriveAsync(app);

        var second = await Visitor.ArriveAsync(app, key: first.Key);

        Assert.Equal("Displaced", (await first.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        (await second.PingAsync()).Is(HttpStatusCode.OK);
        (await other.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_released_user_gives_the_place_back()
    {
        await using var app = await StartAsync(static options => options.MaxSessionsPerUser = 1);
        var laptop = await Visitor.ArriveAsync(app, "ada");
        await laptop.GetAsync("/release");
        laptop.User = null;

        await Visitor.ArriveAsync(app, "ada");

        (await laptop.PingAsync()).Is(HttpStatusCode.OK);
    }

    private static Task<SessionApp> StartAsync(Action<SessionLifetimeOptions> configure, Action<WebApplication>? map = null) => SessionApp.StartRecordingAsync(setup =>
    {
        setup.Options = configure;
        setup.Before = Visitor.UseTestUsers;
        setup.Map = web =>
        {
            map?.Invoke(web);
            web.MapGet("/session", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
            web.MapGet("/required", static () => "in").RequireTabSession();
            web.MapGet("/release", static (HttpContext context) => context.GetTabSession()!.ReleaseUserAsync());
        };
    });
}
