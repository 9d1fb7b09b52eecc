using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>What calls are answered while the handlers of <c>SessionTimeout</c> are asked.</summary>
public sealed class TimeoutHandlerTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(20);

    [Theory]
    [InlineData("status")]
    [InlineData("ping")]
    [InlineData("activity")]
    [InlineData("attach")]
    public async Task A_call_waits_a_second_at_most_and_asks_to_be_asked_again_soon(string call)
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);

        var answer = CallAsync(app, id, call);
        await gate.Entered;
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(1)) == 1);
        Assert.Equal(0, app.Time.CountDueWithin(TimeSpan.FromMilliseconds(999)));
        Assert.False(answer.IsCompleted);
        app.Time.Advance(TimeSpan.FromSeconds(1));

        var status = (await answer).Is(HttpStatusCode.OK);
        Assert.Equal(1000, status.Number("pingEveryMs"));
        Assert.False(status.Flag("countdown"));
        Assert.Null(status.Number("countdownMs"));
        Assert.Equal(call is "activity" or "attach" ? "active" : "timedOut", status.String("state"));
        gate.Open();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_that_waited_long_enough_is_answered_what_the_handlers_said(bool handled)
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate, handled);
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);
        var answer = app.PingAsync(id);
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMilliseconds(300));
        gate.Open();

        var status = await answer;

        Assert.Equal(handled ? "active" : "timedOut", status.String("state"));
        Assert.Equal(!handled, status.Flag("countdown"));
        Assert.Equal(handled ? 20 * 60_000 : null, status.Number("timeoutInMs"));
        if (!handled)
        {
            Assert.Equal(20 * 60_000 - 300, status.Number("countdownMs"));
        }
    }

    [Theory]
    [InlineData("/plain")]
    [InlineData("/alive")]
    [InlineData("/none")]
    public async Task An_app_request_never_waits_for_them(string path)
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate);
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);

        // The clock stands still: a wait of a second would be a wait for ever.
        (await app.GetAsync(path, id).WaitAsync(TimeSpan.FromSeconds(30))).Is(HttpStatusCode.OK);

        await gate.Entered;
        gate.Open();
    }

    [Fact]
    public async Task Handled_has_no_effect_when_activity_came_meanwhile()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate, handled: true);
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);
        await app.GetAsync("/plain", id);
        await gate.Entered;
        app.Time.Advance(TimeSpan.FromMinutes(5));
        gate.Open();
        await gate.Left;
        await SessionApp.EventuallyAsync(() => app.Log.Lines.Any(line => line.Text.EndsWith("was overtaken.", StringComparison.Ordinal)));

        Assert.Equal(15 * 60_000, (await app.StatusAsync(id)).Number("timeoutInMs"));
    }

    [Fact]
    public async Task An_expiry_waits_for_the_handlers_and_a_late_handled_saves_the_session()
    {
        var gate = new Gate();
        await using var app = await StartAsync(gate, handled: true);
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);
        await app.SweepAsync();
        await gate.Entered;
        for (var i = 0; i < 3; i++)
        {
            app.Time.Advance(s_timeout / 2);
            await app.GetAsync("/alive", id);
            await app.SweepAsync();
        }

        gate.Open();
        await gate.Left;

        await SessionApp.EventuallyAsync(() => app.Log.Lines.Any(line => line.Text.EndsWith("was handled.", StringComparison.Ordinal)));
        Assert.Equal("active", (await app.StatusAsync(id)).Is(HttpStatusCode.OK).String("state"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_late_first_look_asks_the_handlers_before_anybody_is_served(bool handled)
    {
        await using var app = await SessionApp.StartRecordingAsync(setup =>
        {
            setup.Options = options => options.SignalTimeout = TimeSpan.FromDays(1);
            setup.Sessions = builder => builder.OnSessionTimeout(context => context.Handled = handled);
            setup.Map = Map;
        });
        foreach (var path in new[] { "/plain", "/alive", "/none" })
        {
            var id = await app.StartSessionAsync();
            app.Time.Advance(TimeSpan.FromHours(1));

            var answer = await app.GetAsync(path, id);

            Assert.Equal(handled ? null : "ended", answer.Header("X-Session-State"));
            Assert.Equal(!handled, answer.Text == "none");
        }

        Assert.Equal(3, app.Events.Count(line => line == "SessionTimeout 1"));
    }

    [Fact]
    public async Task Handled_counts_its_occurrences_until_activity_begins_anew()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Sessions = builder => builder.OnSessionTimeout(context => context.Handled = true));
        var id = await app.StartSessionAsync();
        for (var i = 0; i < 3; i++)
        {
            app.Time.Advance(s_timeout);
            var status = await app.PingAsync(id);
            Assert.Equal("active", status.String("state"));
            Assert.False(status.Flag("countdown"));
        }

        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.ActivityAsync(id);
        app.Time.Advance(s_timeout);
        await app.PingAsync(id);

        await app.ExpectEventsAsync("SessionStarted", "SessionTimeout 1", "SessionTimeout 2", "SessionTimeout 3", "SessionTimeout 1");
    }

    [Fact]
    public async Task Handled_does_not_save_a_session_whose_browser_is_gone()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Sessions = builder => builder.OnSessionTimeout(context => context.Handled = true));
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);
        await app.SweepAsync();
        await SessionApp.EventuallyAsync(() => app.Log.Lines.Any(line => line.Text.EndsWith("was handled.", StringComparison.Ordinal)));
        app.Time.Advance(s_timeout);

        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("reason"));
    }

    [Fact]
    public async Task A_hanging_handler_is_cut_off_and_has_not_handled()
    {
        var gate = new Gate();
        await using var app = await SessionApp.StartRecordingAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Options = options => options.HandlerTimeout = TimeSpan.FromSeconds(30);
            setup.Sessions = builder => builder.OnSessionTimeout(async (context, _) =>
            {
                context.Handled = true;
                await gate.PassAsync(CancellationToken.None);
            });
        });
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);
        await app.SweepAsync();
        await gate.Entered;

        app.Time.Advance(TimeSpan.FromSeconds(30));
        await app.ExpectEventsAsync("SessionStarted", "SessionTimeout 1");
        await SessionApp.EventuallyAsync(() => app.Log.Lines.Any(line => line.Text.EndsWith("was not handled.", StringComparison.Ordinal)));

        Assert.True((await app.StatusAsync(id)).Flag("countdown"));
        gate.Open();
    }

    [Fact]
    public async Task A_handler_of_one_session_delays_no_other()
    {
        var gate = new Gate();
        string? slow = null;
        await using var app = await SessionApp.StartAsync(setup => setup.Sessions = builder => builder.OnSessionTimeout(async (context, cancellationToken) =>
        {
            if (context.Session.Id == slow)
            {
                await gate.PassAsync(cancellationToken);
            }
        }));
        var first = await app.AttachAsync();
        var second = await app.StartSessionAsync();
        slow = first.String("session");
        app.Time.Advance(s_timeout);
        await app.SweepAsync();
        await gate.Entered;

        Assert.True((await app.PingAsync(second)).Flag("countdown"));
        gate.Open();
    }

    [Fact]
    public async Task A_handler_that_exits_the_session_ends_it_for_that_reason()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Sessions = builder => builder
            .OnSessionTimeout(async (context, _) => await context.Session.ExitAsync()));
        var id = await app.StartSessionAsync();
        app.Time.Advance(s_timeout);

        var answer = (await app.PingAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");

        Assert.Equal("Exited", answer.String("reason"));
        await app.ExpectEventsAsync("SessionStarted", "SessionTimeout 1", "ApplicationExit Exited");
    }

    [Fact]
    public async Task A_call_whose_body_came_slowly_is_answered_as_of_its_end()
    {
        var gate = new Gate();
        var body = new Gate();
        await using var app = await StartAsync(gate, before: web => web.Use((context, next) =>
        {
            context.Request.Body = context.Request.Path == "/_session/ping" ? new SlowBody(body) : context.Request.Body;
            return next(context);
        }));
        var id = await app.StartSessionAsync();
        var answer = app.PingAsync(id, "{}");
        await body.Entered;
        app.Time.Advance(s_timeout);
        body.Open();
        await gate.Entered;
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(1)) == 1);
        app.Time.Advance(TimeSpan.FromSeconds(1));

        var status = (await answer).Is(HttpStatusCode.OK);

        Assert.Equal("timedOut", status.String("state"));
        Assert.Equal(1000, status.Number("pingEveryMs"));
        gate.Open();
    }

    private static Task<Answer> CallAsync(SessionApp app, string id, string call) => call switch
    {
        "status" => app.StatusAsync(id),
        "ping" => app.PingAsync(id),
        "activity" => app.ActivityAsync(id),
        _ => app.AttachAsync(id, "page-2"),
    };

    private static Task<SessionApp> StartAsync(Gate gate, bool handled = false, Action<WebApplication>? before = null) => SessionApp.StartAsync(setup =>
    {
        setup.Before = before ?? (static _ => { });
        setup.Options = options => options.HandlerTimeout = TimeSpan.FromHours(12);
        setup.Sessions = builder => builder.OnSessionTimeout(async (context, cancellationToken) =>
        {
            await gate.PassAsync(cancellationToken);
            context.Handled = handled;
        });
        setup.Map = Map;
    });

    private static void Map(WebApplication web)
    {
        web.MapGet("/plain", SessionOf);
        web.MapGet("/alive", SessionOf).WithSessionSignal(SessionSignal.Alive);
        web.MapGet("/none", SessionOf).WithSessionSignal(SessionSignal.None);
    }

    private static string SessionOf(HttpContext context) => context.GetTabSession()?.Id ?? "none";

    /// <summary>An empty JSON object that takes its time to come.</summary>
    private sealed class SlowBody(Gate gate) : MemoryStream("{}"u8.ToArray())
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await gate.PassAsync(cancellationToken);
            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
