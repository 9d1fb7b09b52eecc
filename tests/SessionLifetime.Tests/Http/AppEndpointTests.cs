using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>The app's own endpoints: minimal APIs by conventions, MVC by attributes, and requests that reach no endpoint.</summary>
public sealed class AppEndpointTests
{
    private const int Minute = 60_000;

    private static readonly string[] s_kinds = ["/minimal", "/mvc"];

    public static TheoryData<string> Kinds => [.. s_kinds];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_endpoint_sees_the_session_and_counts_as_activity(string kind)
    {
        await using var app = await StartAsync();
        var start = await app.AttachAsync();
        app.Time.Advance(TimeSpan.FromMinutes(25));

        var answer = (await app.GetAsync(kind + "/plain", start.Id)).Is(HttpStatusCode.OK);

        Assert.Equal(start.String("session"), answer.Text);
        Assert.Equal(["X-Session-Signal"], answer.Headers.Keys.Where(header => header.StartsWith("X-Session", StringComparison.OrdinalIgnoreCase)));
        var status = await app.StatusAsync(start.Id);
        Assert.Equal("active", status.String("state"));
        Assert.Equal(20 * Minute, status.Number("timeoutInMs"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task An_alive_endpoint_sees_the_session_and_is_only_a_signal(string kind)
    {
        await using var app = await StartAsync();
        var start = await app.AttachAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        var answer = (await app.GetAsync(kind + "/alive", start.Id)).Is(HttpStatusCode.OK);

        Assert.Equal(start.String("session"), answer.Text);
        Assert.Equal("alive", answer.Header("X-Session-Signal"));
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.Zero), await app.ClocksAsync(start.Id!));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_none_endpoint_sees_the_session_and_is_no_signal(string kind)
    {
        await using var app = await StartAsync();
        var start = await app.AttachAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        var answer = (await app.GetAsync(kind + "/none", start.Id)).Is(HttpStatusCode.OK);

        Assert.Equal(start.String("session"), answer.Text);
        Assert.Equal("none", answer.Header("X-Session-Signal"));
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10)), await app.ClocksAsync(start.Id!));
        app.Time.Advance(TimeSpan.FromMinutes(30));
        var late = await app.GetAsync(kind + "/none", start.Id);
        Assert.Equal("none", late.Text);
        Assert.Equal("ended", late.Header("X-Session-State"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_disabled_endpoint_has_nothing_to_do_with_sessions(string kind)
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        foreach (var header in new[] { id, "malformed", null })
        {
            var answer = (await app.GetAsync(kind + "/disabled", header)).Is(HttpStatusCode.OK);

            Assert.Equal("none", answer.Text);
            // It told nothing of the user, and says so where it could be mistaken: to a page that has a session.
            var told = answer.Headers.Keys.Where(name => name.StartsWith("X-Session", StringComparison.OrdinalIgnoreCase));
            Assert.Equal(header is null ? [] : ["X-Session-Signal"], told);
        }

        Assert.Equal(10 * Minute, (await app.StatusAsync(id)).Number("timeoutInMs"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Where_a_session_is_required_there_is_one_or_a_problem(string kind)
    {
        await using var app = await StartAsync();
        var start = await app.AttachAsync();
        var path = kind + "/required";

        Assert.Equal(start.String("session"), (await app.GetAsync(path, start.Id)).Is(HttpStatusCode.OK).Text);

        var missing = (await app.GetAsync(path, null)).IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
        Assert.Null(missing.Header("X-Session-State"));
        Assert.Equal("no-store", missing.Header("Cache-Control"));

        foreach (var unknown in new[] { "malformed", "AAAAAAAAAAAAAAAAAAAAAA", start.Id + "," + start.Id })
        {
            var answer = (await app.GetAsync(path, unknown)).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
            Assert.Equal("unknown", answer.Header("X-Session-State"));
        }

        await app.ExitAsync(start.Id);
        var ended = (await app.GetAsync(path, start.Id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        Assert.Equal("Exited", ended.String("reason"));
        Assert.Equal("ended", ended.Header("X-Session-State"));
        Assert.Equal("no-store", ended.Header("Cache-Control"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Without_a_living_session_an_endpoint_runs_without_one_and_the_answer_tells_why(string kind)
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await app.ExitAsync(id);

        var none = await app.GetAsync(kind + "/plain", null);
        Assert.Equal("none", none.Is(HttpStatusCode.OK).Text);
        Assert.DoesNotContain(none.Headers.Keys, header => header.StartsWith("X-Session", StringComparison.OrdinalIgnoreCase));

        var ended = await app.GetAsync(kind + "/plain", id);
        Assert.Equal("none", ended.Is(HttpStatusCode.OK).Text);
        Assert.Equal("ended", ended.Header("X-Session-State"));

        var unknown = await app.GetAsync(kind + "/plain", "malformed");
        Assert.Equal("none", unknown.Is(HttpStatusCode.OK).Text);
        Assert.Equal("unknown", unknown.Header("X-Session-State"));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Without_the_id_header_no_endpoint_answers_with_a_session_header(string kind)
    {
        await using var app = await StartAsync();
        foreach (var path in new[] { "/plain", "/alive", "/none", "/disabled", "/required", "/nothing-here" })
        {
            var answer = await app.GetAsync(kind + path, null);

            Assert.DoesNotContain(answer.Headers.Keys, header => header.StartsWith("X-Session", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Theory]
    [InlineData("/minimal", "prefetch")]
    [InlineData("/minimal", "prefetch;prerender")]
    [InlineData("/mvc", "prerender")]
    public async Task A_speculative_request_sees_the_session_and_extends_nothing(string kind, string purpose)
    {
        await using var app = await StartAsync();
        var start = await app.AttachAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));
        foreach (var path in new[] { "/plain", "/alive", "/required" })
        {
            var answer = await app.GetAsync(kind + path, start.Id, request => request.Headers.Add("Sec-Purpose", purpose));
            Assert.Equal(start.String("session"), answer.Is(HttpStatusCode.OK).Text);
        }

        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(10)), await app.ClocksAsync(start.Id!));
    }

    [Fact]
    public async Task A_request_that_reaches_no_endpoint_is_activity_as_any_other()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        (await app.GetAsync("/nothing-here", id)).Is(HttpStatusCode.NotFound);

        Assert.Equal(20 * Minute, (await app.StatusAsync(id)).Number("timeoutInMs"));
    }

    [Fact]
    public async Task A_mark_on_an_action_beats_the_one_on_its_controller_and_on_its_group()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();

        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("alive", (await app.GetAsync("/marked/inherited", id)).Is(HttpStatusCode.OK).Header("X-Session-Signal"));
        Assert.Equal("activity", (await app.GetAsync("/marked/own", id)).Is(HttpStatusCode.OK).Header("X-Session-Signal"));
        app.Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("none", (await app.GetAsync("/group/inherited", id)).Is(HttpStatusCode.OK).Header("X-Session-Signal"));
        Assert.Equal("activity", (await app.GetAsync("/group/own", id)).Is(HttpStatusCode.OK).Header("X-Session-Signal"));
    }

    [Theory]
    [InlineData(nameof(SessionEndReason.IdleTimeout))]
    [InlineData(nameof(SessionEndReason.SignalLost))]
    [InlineData(nameof(SessionEndReason.SelfDestructed))]
    [InlineData(nameof(SessionEndReason.AbsoluteTimeout))]
    public async Task An_expired_session_is_never_served_although_no_sweep_came(string reason)
    {
        foreach (var path in new[] { "/minimal/plain", "/minimal/alive", "/minimal/none", "/mvc/plain" })
        {
            await using var app = await EndableApp.StartAsync(Configure);
            var id = await EndableApp.EndAsync(app, reason);

            var answer = await app.GetAsync(path, id);

            Assert.Equal("none", answer.Is(HttpStatusCode.OK).Text);
            Assert.Equal("ended", answer.Header("X-Session-State"));
            Assert.Equal(reason, (await app.GetAsync("/minimal/required", id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        }
    }

    [Theory]
    [InlineData(null, null, "activity")]
    [InlineData("Cache-Control", "no-store", "activity")]
    [InlineData("Cache-Control", "private, no-cache", "activity")]
    [InlineData("Cache-Control", "max-age=60", null)]
    [InlineData("Cache-Control", "public", null)]
    [InlineData("ETag", "\"a\"", null)]
    [InlineData("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT", null)]
    [InlineData("Expires", "Wed, 21 Oct 2065 07:28:00 GMT", null)]
    public async Task An_answer_that_no_cache_gives_again_says_that_its_request_has_counted(string? header, string? value, string? signal)
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Map = web => web.MapGet("/work", (HttpContext context) =>
        {
            if (header is not null)
            {
                context.Response.Headers[header] = value;
            }

            return "work";
        }));
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(signal, (await app.GetAsync("/work", id)).Header("X-Session-Signal"));
        Assert.Null((await app.GetAsync("/work", id: null)).Header("X-Session-Signal"));
        Assert.Null((await app.GetAsync("/work", "malformed")).Header("X-Session-Signal"));
        Assert.Null((await app.GetAsync("/work", id, static request => request.Headers.Add("Sec-Purpose", "prefetch"))).Header("X-Session-Signal"));
    }

    [Fact]
    public async Task Of_requests_close_behind_each_other_one_in_a_quarter_of_a_second_says_that_it_has_counted()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Map = static web => web.MapGet("/work", static () => "work"));
        var id = await app.StartSessionAsync();
        var told = new List<bool>();
        for (var step = 0; step < 20; step++)
        {
            app.Time.Advance(TimeSpan.FromMilliseconds(50));
            told.Add((await app.GetAsync("/work", id)).Header("X-Session-Signal") is "activity");
        }

        // Never silent for longer than that, however many come; and each that comes later than that behind the one before says so.
        Assert.Equal(4, told.Count(static one => one));
        Assert.All(Enumerable.Range(0, 16), start => Assert.Contains(true, told.Skip(start).Take(5)));
        app.Time.Advance(TimeSpan.FromMilliseconds(250));
        Assert.Equal("activity", (await app.GetAsync("/work", id)).Header("X-Session-Signal"));
        Assert.Null((await app.GetAsync("/work", id)).Header("X-Session-Signal"));
    }

    [Fact]
    public async Task An_error_page_of_a_failed_poll_is_no_activity()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Before = web =>
            {
                web.UseExceptionHandler("/error");
                web.UseRouting();
            };
            setup.Map = web =>
            {
                web.MapGet("/poll", static string () => throw new InvalidOperationException("poll")).WithSessionSignal(SessionSignal.Alive);
                web.MapGet("/peek", static string () => throw new InvalidOperationException("peek")).WithSessionSignal(SessionSignal.None);
                web.MapGet("/work", static string () => throw new InvalidOperationException("work"));
                web.Map("/error", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
            };
        });
        var start = await app.AttachAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        var (ten, zero) = (TimeSpan.FromMinutes(10), TimeSpan.Zero);

        var answer = (await app.GetAsync("/peek", start.Id)).Is(HttpStatusCode.InternalServerError);
        Assert.Equal(start.String("session"), answer.Text);
        Assert.Equal("none", answer.Header("X-Session-Signal"));
        Assert.Equal((ten, ten), await app.ClocksAsync(start.Id!));

        answer = (await app.GetAsync("/poll", start.Id)).Is(HttpStatusCode.InternalServerError);
        Assert.Equal(start.String("session"), answer.Text);
        Assert.Equal("alive", answer.Header("X-Session-Signal"));
        Assert.Equal((ten, zero), await app.ClocksAsync(start.Id!));

        answer = (await app.GetAsync("/work", start.Id)).Is(HttpStatusCode.InternalServerError);
        Assert.Equal("activity", answer.Header("X-Session-Signal"));
        Assert.Equal((zero, zero), await app.ClocksAsync(start.Id!));
    }

    private static Task<SessionApp> StartAsync() => SessionApp.StartAsync(Configure);

    private static void Configure(SessionAppSetup setup)
    {
        setup.Services = static builder => builder.Services.AddControllers().AddApplicationPart(typeof(AppEndpointTests).Assembly);
        setup.Map = static app =>
        {
            app.MapControllers();
            app.MapGet("/minimal/plain", SessionOf);
            app.MapGet("/minimal/alive", SessionOf).WithSessionSignal(SessionSignal.Alive);
            app.MapGet("/minimal/none", SessionOf).WithSessionSignal(SessionSignal.None);
            app.MapGet("/minimal/disabled", SessionOf).DisableTabSession();
            app.MapGet("/minimal/required", SessionOf).RequireTabSession();
            var group = app.MapGroup("/group").WithSessionSignal(SessionSignal.None);
            group.MapGet("/inherited", SessionOf);
            group.MapGet("/own", SessionOf).WithSessionSignal(SessionSignal.Activity);
        };
    }

    private static string SessionOf(HttpContext context) => context.GetTabSession()?.ToString() ?? "none";
}

[ApiController]
public sealed class PlainController : ControllerBase
{
    [HttpGet("/mvc/plain")]
    public string Plain() => HttpContext.GetTabSession()?.Id ?? "none";

    [HttpGet("/mvc/alive")]
    [SessionSignal(SessionSignal.Alive)]
    public string Alive() => Plain();

    [HttpGet("/mvc/none")]
    [SessionSignal(SessionSignal.None)]
    public string None() => Plain();

    [HttpGet("/mvc/disabled")]
    [DisableTabSession]
    public string Disabled() => Plain();

    [HttpGet("/mvc/required")]
    [RequireTabSession]
    public string Required() => Plain();
}

[ApiController]
[SessionSignal(SessionSignal.Alive)]
public sealed class MarkedController : ControllerBase
{
    [HttpGet("/marked/inherited")]
    public string Inherited() => HttpContext.GetTabSession()?.Id ?? "none";

    [HttpGet("/marked/own")]
    [SessionSignal(SessionSignal.Activity)]
    public string Own() => Inherited();
}
