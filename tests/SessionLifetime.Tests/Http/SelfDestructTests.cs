using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Tests.Http;

public sealed class SelfDestructTests
{
    [Fact]
    public async Task A_session_nobody_hears_of_destroys_itself_in_time()
    {
        await using var app = await StartAsync();
        var id = await ArmedAsync(app);
        app.Time.Advance(TimeSpan.FromSeconds(10) - TimeSpan.FromTicks(1));
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
        app.Time.Advance(TimeSpan.FromTicks(1));

        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        await app.ExpectEventsAsync("SessionStarted", "ApplicationExit SelfDestructed");
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("stretch")]
    [InlineData("stretch page")]
    [InlineData("activity")]
    [InlineData("attach")]
    [InlineData("app")]
    [InlineData("alive")]
    [InlineData("cancel")]
    public async Task A_later_signal_calls_it_off(string signal)
    {
        await using var app = await StartAsync();
        var id = await ArmedAsync(app);
        app.Time.Advance(TimeSpan.FromSeconds(9));

        await SignalAsync(app, id, signal);
        app.Time.Advance(TimeSpan.FromMinutes(1));

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("detach")]
    [InlineData("status")]
    [InlineData("none")]
    [InlineData("disabled")]
    [InlineData("prefetch")]
    public async Task What_is_no_signal_or_a_good_bye_does_not(string signal)
    {
        await using var app = await StartAsync();
        var id = await ArmedAsync(app);
        app.Time.Advance(TimeSpan.FromSeconds(9));

        await SignalAsync(app, id, signal);
        app.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("activity")]
    [InlineData("app")]
    [InlineData("alive")]
    public async Task What_comes_from_the_page_whose_good_bye_armed_it_does_not_and_what_comes_from_another_does(string signal)
    {
        await using var app = await StartAsync(options: static options => options.SelfDestructOnUnload = TimeSpan.FromSeconds(10));
        foreach (var (page, isOfAnother) in new[] { ("page", false), ("other", true), (null, true) })
        {
            var id = await app.StartSessionAsync();
            await app.DetachByBeaconAsync(id);
            app.Time.Advance(TimeSpan.FromSeconds(9));

            await SignalAsync(app, id, signal, page);
            app.Time.Advance(TimeSpan.FromSeconds(1));

            Assert.Equal(isOfAnother ? HttpStatusCode.OK : HttpStatusCode.Gone, (await app.StatusAsync(id)).Status);
        }
    }

    [Fact]
    public async Task A_page_that_has_said_good_bye_calls_off_what_the_app_arms_later()
    {
        await using var app = await StartAsync(options: static options => options.SelfDestructOnUnload = TimeSpan.FromSeconds(10));
        var id = await app.StartSessionAsync();
        await app.DetachByBeaconAsync(id);
        (await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=10", id)).Is(HttpStatusCode.OK);

        await SignalAsync(app, id, "app", "page");
        app.Time.Advance(TimeSpan.FromSeconds(10));

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_request_already_started_does_not_call_it_off_when_it_completes()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        var slow = app.GetAsync("/slow", id);
        await gate.Entered;
        await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=10", id);
        app.Time.Advance(TimeSpan.FromSeconds(5));
        gate.Open();
        (await slow).Is(HttpStatusCode.OK);
        app.Time.Advance(TimeSpan.FromSeconds(5));

        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    [Fact]
    public async Task A_request_already_started_does_not_hold_it_back()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        var slow = app.GetAsync("/slow", id);
        await gate.Entered;
        await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=10", id);
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await app.SweepAsync();

        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        gate.Open();
        (await slow).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_second_one_replaces_the_first()
    {
        await using var app = await StartAsync();
        var id = await ArmedAsync(app);
        await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=60", id);
        Assert.Equal(60_000, (await app.StatusAsync(id)).Number("endsInMs"));
        await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=5", id);
        Assert.Equal(5_000, (await app.StatusAsync(id)).Number("endsInMs"));

        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();
        await app.ExpectEventsAsync("SessionStarted", "ApplicationExit SelfDestructed");
    }

    [Fact]
    public async Task Zero_ends_the_session_at_the_next_look()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        (await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=0", id)).Is(HttpStatusCode.OK);

        Assert.Equal("SelfDestructed", (await app.PingAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    private static async Task<string> ArmedAsync(SessionApp app)
    {
        var id = await app.StartSessionAsync();
        (await app.SendAsync(HttpMethod.Post, "/self-destruct?seconds=10", id)).Is(HttpStatusCode.OK);
        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).String("endsBy"));
        return id;
    }

    private static Task<Answer> SignalAsync(SessionApp app, string id, string signal, string? page = null) => signal switch
    {
        "ping" => app.PingAsync(id, with: Of(page)),
        "stretch" => app.PingAsync(id, """{"stretch":true}"""),
        "stretch page" => app.CallAsync(HttpMethod.Get, "/stretch", id),
        "activity" => app.ActivityAsync(id, """{"idleMs":100000}""", Of(page)),
        "attach" => app.AttachAsync(id, "next"),
        "app" => app.GetAsync("/plain", id, Of(page)),
        "alive" => app.GetAsync("/alive", id, Of(page)),
        "none" => app.GetAsync("/none", id),
        "disabled" => app.GetAsync("/disabled", id),
        "cancel" => app.GetAsync("/cancel", id),
        "detach" => app.DetachByBeaconAsync(id),
        "status" => app.StatusAsync(id),
        "prefetch" => app.GetAsync("/plain", id, request => request.Headers.Add("Sec-Purpose", "prefetch")),
        _ => throw new ArgumentException(signal, nameof(signal)),
    };

    private static Action<HttpRequestMessage> Of(string? page) => request =>
    {
        if (page is not null)
        {
            request.Headers.Add(SessionApp.PageHeader, page);
        }
    };

    private static Task<SessionApp> StartAsync(Gate? gate = null, Action<SessionLifetimeOptions>? options = null) => SessionApp.StartRecordingAsync(setup =>
    {
        setup.Options = options ?? setup.Options;
        setup.Map = web => Map(web, gate);
    });

    private static void Map(WebApplication web, Gate? gate)
    {
        web.MapPost("/self-destruct", static (HttpContext context, int seconds) => context.GetTabSession()!.SelfDestruct(TimeSpan.FromSeconds(seconds)));
        web.MapGet("/cancel", static (HttpContext context) => context.GetTabSession()!.CancelSelfDestruct()).WithSessionSignal(SessionSignal.None);
        web.MapGet("/plain", static () => "plain");
        web.MapGet("/alive", static () => "alive").WithSessionSignal(SessionSignal.Alive);
        web.MapGet("/none", static () => "none").WithSessionSignal(SessionSignal.None);
        web.MapGet("/disabled", static () => "disabled").DisableTabSession();
        web.MapGet("/slow", async () => await gate!.PassAsync());
    }
}
