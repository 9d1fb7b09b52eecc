using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Tests.Http;

public sealed class StatusTests
{
    private const int Minute = 60_000;

    [Fact]
    public async Task A_status_has_exactly_the_fields_of_the_protocol()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();

        var status = (await app.StatusAsync(id)).Is(HttpStatusCode.OK);

        Assert.Equal(
            ["session", "state", "countdown", "countdownMs", "extendable", "timeoutInMs", "endsInMs", "endsBy", "pingEveryMs"],
            status.Json.EnumerateObject().Select(field => field.Name));
        Assert.Equal("application/json", status.Header("Content-Type"));
    }

    [Fact]
    public async Task The_status_of_a_fresh_session_counts_down_the_default_durations()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();

        var status = await app.StatusAsync(id);

        Assert.Equal("active", status.String("state"));
        Assert.False(status.Flag("countdown"));
        Assert.Null(status.Number("countdownMs"));
        Assert.True(status.Flag("extendable"));
        Assert.Equal(20 * Minute, status.Number("timeoutInMs"));
        Assert.Equal(40 * Minute, status.Number("endsInMs"));
        Assert.Equal("SignalLost", status.String("endsBy"));
        Assert.Equal(Minute, status.Number("pingEveryMs"));
    }

    [Fact]
    public async Task A_status_read_is_no_signal()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();

        for (var minute = 1; minute < 40; minute++)
        {
            app.Time.Advance(TimeSpan.FromMinutes(1));
            var status = (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
            Assert.Equal((40 - minute) * Minute, status.Number("endsInMs"));
        }

        app.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    [Fact]
    public async Task After_the_timeout_the_status_shows_the_countdown()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.CountdownDuration = TimeSpan.FromSeconds(30));
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(20));

        var status = await app.PingAsync(id);

        Assert.Equal("timedOut", status.String("state"));
        Assert.True(status.Flag("countdown"));
        Assert.Equal(30_000, status.Number("countdownMs"));
        Assert.True(status.Flag("extendable"));
        Assert.Null(status.Number("timeoutInMs"));
        Assert.Equal(30_000, status.Number("endsInMs"));
        Assert.Equal("IdleTimeout", status.String("endsBy"));

        app.Time.Advance(TimeSpan.FromSeconds(29.9995));
        Assert.Equal(1, (await app.StatusAsync(id)).Number("countdownMs"));
    }

    [Fact]
    public async Task The_absolute_end_is_warned_of_and_cannot_be_put_off()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options =>
        {
            options.AbsoluteTimeout = TimeSpan.FromMinutes(30);
            options.CountdownDuration = TimeSpan.FromMinutes(2);
        });
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(19));
        await app.ActivityAsync(id);
        app.Time.Advance(TimeSpan.FromMinutes(9));

        var status = await app.ActivityAsync(id);

        Assert.Equal("active", status.String("state"));
        Assert.True(status.Flag("countdown"));
        Assert.Equal(2 * Minute, status.Number("countdownMs"));
        Assert.False(status.Flag("extendable"));
        Assert.Equal(2 * Minute, status.Number("endsInMs"));
        Assert.Equal("AbsoluteTimeout", status.String("endsBy"));
    }

    [Fact]
    public async Task A_timeout_of_zero_is_never()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.SessionTimeout = TimeSpan.Zero);
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromHours(12));

        var status = (await app.StatusAsync(id)).Is(HttpStatusCode.OK);

        Assert.Equal(JsonValueKind.Null, status["timeoutInMs"].ValueKind);
        Assert.Equal(JsonValueKind.Null, status["endsInMs"].ValueKind);
        Assert.Equal(JsonValueKind.Null, status["endsBy"].ValueKind);
        Assert.Equal("active", status.String("state"));
        Assert.Equal(Minute, status.Number("pingEveryMs"));
    }

    [Fact]
    public async Task The_longest_durations_there_are_overflow_nothing()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options =>
        {
            options.SessionTimeout = TimeSpan.MaxValue - TimeSpan.FromTicks(1);
            options.CountdownDuration = TimeSpan.MaxValue - TimeSpan.FromTicks(1);
            options.SignalTimeout = TimeSpan.MaxValue - TimeSpan.FromTicks(1);
            options.AbsoluteTimeout = TimeSpan.MaxValue - TimeSpan.FromTicks(1);
            options.MaxRequestHold = TimeSpan.MaxValue;
            options.EndedSessionRetention = TimeSpan.MaxValue;
        });
        var id = await app.StartSessionAsync();

        (await app.PingAsync(id, """{"stretch":true,"idleMs":1e300}""")).Is(HttpStatusCode.OK);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        (await app.StatusAsync(id)).Is(HttpStatusCode.Gone);
    }

    [Fact]
    public async Task A_self_destruct_shows_in_the_status()
    {
        await using var app = await EndableApp.StartAsync();
        var id = await app.StartSessionAsync();
        await app.SendAsync(HttpMethod.Post, "/self-destruct", id);

        var status = await app.StatusAsync(id);

        Assert.Equal(10_000, status.Number("endsInMs"));
        Assert.Equal("SelfDestructed", status.String("endsBy"));
        Assert.False(status.Flag("countdown"));
    }

    [Fact]
    public async Task Durations_of_its_own_rule_one_session_and_no_other()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Map = web => web.MapPost("/three-minutes", static (HttpContext context) =>
        {
            context.GetTabSession()!.SessionTimeout = TimeSpan.FromMinutes(3);
        }));
        var own = await app.StartSessionAsync();
        var other = await app.StartSessionAsync();
        await app.SendAsync(HttpMethod.Post, "/three-minutes", own);

        var status = await app.StatusAsync(own);
        Assert.Equal(3 * Minute, status.Number("timeoutInMs"));
        Assert.Equal(6 * Minute, status.Number("endsInMs"));
        Assert.Equal(Minute, status.Number("pingEveryMs"));
        Assert.Equal(20 * Minute, (await app.StatusAsync(other)).Number("timeoutInMs"));

        app.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal("timedOut", (await app.StatusAsync(own)).String("state"));
        Assert.Equal("active", (await app.StatusAsync(other)).String("state"));
    }

    [Fact]
    public async Task A_change_of_the_wall_clock_moves_no_deadline()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();

        app.Time.MoveWallClock(TimeSpan.FromDays(365));
        Assert.Equal(20 * Minute, (await app.StatusAsync(id)).Number("timeoutInMs"));
        app.Time.MoveWallClock(-TimeSpan.FromDays(3650));
        Assert.Equal(20 * Minute, (await app.PingAsync(id)).Number("timeoutInMs"));
    }

    [Fact]
    public async Task A_session_never_heard_of_after_its_first_answer_ends_as_soon_as_the_app_wants()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.UnconfirmedTimeout = TimeSpan.FromSeconds(30));
        var silent = await app.AttachAsync();
        var heard = await app.StartSessionAsync();
        Assert.Equal(30_000, silent.Number("endsInMs"));
        await app.PingAsync(heard);
        app.Time.Advance(TimeSpan.FromSeconds(30));

        Assert.Equal("SignalLost", (await app.StatusAsync(silent.Id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        (await app.StatusAsync(heard)).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("00:00:00.500", 250)]
    [InlineData("00:00:03", 1000)]
    [InlineData("00:00:09", 3000)]
    [InlineData("01:00:00", 60_000)]
    public async Task Pages_ping_three_times_in_a_timeout_and_at_least_once_a_minute(string timeout, int pingEveryMs)
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options =>
            options.SessionTimeout = TimeSpan.Parse(timeout, System.Globalization.CultureInfo.InvariantCulture));

        Assert.Equal(pingEveryMs, (await app.AttachAsync()).Number("pingEveryMs"));
    }
}
