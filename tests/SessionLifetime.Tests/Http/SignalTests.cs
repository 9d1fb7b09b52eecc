using System.Net;

namespace SessionLifetime.Tests.Http;

/// <summary>Ping and activity.</summary>
public sealed class SignalTests
{
    private const int Minute = 60_000;

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"idleMs":null,"stretch":null}""")]
    [InlineData("""{"stretch":false,"more":"is ignored"}""")]
    public async Task A_ping_keeps_the_signal_clock_and_not_the_idle_clock(string? body)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        var status = (await app.PingAsync(id, body)).Is(HttpStatusCode.OK);

        Assert.Equal(10 * Minute, status.Number("timeoutInMs"));
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.Zero), await app.ClocksAsync(id));
    }

    [Fact]
    public async Task A_ping_does_not_make_a_timed_out_session_active_and_decides_why_it_ends()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(20));
        Assert.Equal("timedOut", (await app.PingAsync(id)).String("state"));
        app.Time.Advance(TimeSpan.FromMinutes(20));

        Assert.Equal("IdleTimeout", (await app.PingAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    [Fact]
    public async Task A_ping_that_says_how_long_the_user_is_idle_is_believed()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(21));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));

        var status = await app.PingAsync(id, """{"idleMs":60000}""");

        Assert.Equal("active", status.String("state"));
        Assert.Equal(19 * Minute, status.Number("timeoutInMs"));
    }

    [Theory]
    [InlineData("1200000")]
    [InlineData("1e300")]
    [InlineData("1e400")]
    [InlineData("922337203685477.5807")]
    [InlineData("922337203685476.9")]
    [InlineData("99999999999999999999999999999999999999999999999")]
    public async Task An_idle_time_beyond_the_timeout_or_the_sessions_life_is_only_a_signal(string idleMs)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(20));

        foreach (var call in new[] { "/ping", "/activity" })
        {
            var status = (await app.PostAsync(call, id, $$"""{"idleMs":{{idleMs}}}""")).Is(HttpStatusCode.OK);

            Assert.Equal("timedOut", status.String("state"));
            Assert.Equal(20 * Minute, status.Number("endsInMs"));
        }
    }

    [Fact]
    public async Task A_report_of_earlier_activity_never_turns_the_clock_back()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));
        await app.ActivityAsync(id);

        Assert.Equal(20 * Minute, (await app.PingAsync(id, """{"idleMs":300000}""")).Number("timeoutInMs"));
        Assert.Equal(20 * Minute, (await app.ActivityAsync(id, """{"idleMs":300000}""")).Number("timeoutInMs"));
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("0.5")]
    [InlineData("1e-300")]
    public async Task Fractions_and_zero_are_idle_times(string idleMs)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(20 * Minute, (await app.PingAsync(id, $$"""{"idleMs":{{idleMs}}}""")).Is(HttpStatusCode.OK).Number("timeoutInMs"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"idleMs":null}""")]
    public async Task Activity_restarts_both_clocks(string? body)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(30));

        var status = (await app.ActivityAsync(id, body)).Is(HttpStatusCode.OK);

        Assert.Equal("active", status.String("state"));
        Assert.False(status.Flag("countdown"));
        Assert.Equal(20 * Minute, status.Number("timeoutInMs"));
        Assert.Equal(40 * Minute, status.Number("endsInMs"));
    }

    [Fact]
    public async Task A_stretch_restarts_the_idle_clock_without_being_activity()
    {
        await using var app = await SessionApp.StartAsync();
        var start = await app.AttachAsync();
        app.Time.Advance(TimeSpan.FromMinutes(25));

        var status = (await app.PingAsync(start.Id, """{"stretch":true}""")).Is(HttpStatusCode.OK);

        Assert.Equal("active", status.String("state"));
        Assert.Equal(20 * Minute, status.Number("timeoutInMs"));
        var session = await app.Sessions.FindAsync(start.String("session")!);
        Assert.Equal(session!.StartedAt, session.LastActivity);
        Assert.Equal(session.StartedAt + TimeSpan.FromMinutes(25), session.LastSignal);
    }

    [Fact]
    public async Task A_stretch_that_is_not_allowed_is_a_ping()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.AllowStretch = false);
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(10 * Minute, (await app.PingAsync(id, """{"stretch":true}""")).Is(HttpStatusCode.OK).Number("timeoutInMs"));
        Assert.Equal("stretch", (await app.PingAsync(id, """{"stretch":1}""")).IsProblem(HttpStatusCode.BadRequest, "badBody").String("field"));
    }

    [Fact]
    public async Task An_activity_report_cannot_stretch()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        Assert.Equal(10 * Minute, (await app.ActivityAsync(id, """{"idleMs":600000,"stretch":true}""")).Number("timeoutInMs"));
    }

    [Theory]
    [InlineData("""{"idleMs":-1}""", "idleMs")]
    [InlineData("""{"idleMs":-1e300}""", "idleMs")]
    [InlineData("""{"idleMs":-1e400}""", "idleMs")]
    [InlineData("""{"idleMs":"5"}""", "idleMs")]
    [InlineData("""{"idleMs":"NaN"}""", "idleMs")]
    [InlineData("""{"idleMs":true}""", "idleMs")]
    [InlineData("""{"idleMs":[5]}""", "idleMs")]
    [InlineData("""{"idleMs":{}}""", "idleMs")]
    [InlineData("""{"idleMs":5,"stretch":"yes"}""", "stretch")]
    [InlineData("""{"stretch":0}""", "stretch")]
    public async Task A_bad_field_is_refused_by_name_and_counts_nothing(string body, string field)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));

        var answer = (await app.PingAsync(id, body)).IsProblem(HttpStatusCode.BadRequest, "badBody");

        Assert.Equal(field, answer.String("field"));
        Assert.Contains(field, answer.String("detail"), StringComparison.Ordinal);
        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)), await app.ClocksAsync(id));
        if (string.Equals(field, "idleMs", StringComparison.Ordinal))
        {
            Assert.Equal(field, (await app.ActivityAsync(id, body)).IsProblem(HttpStatusCode.BadRequest, "badBody").String("field"));
        }
    }

    [Theory]
    [InlineData("prefetch")]
    [InlineData("prefetch;prerender")]
    public async Task A_speculative_signal_extends_nothing(string purpose)
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));

        await app.PingAsync(id, """{"stretch":true}""", request => request.Headers.Add("Sec-Purpose", purpose));
        await app.ActivityAsync(id, with: request => request.Headers.Add("Sec-Purpose", purpose));
        await app.CallAsync(HttpMethod.Get, "/stretch", id, with: request => request.Headers.Add("Sec-Purpose", purpose));
        await app.DetachAsync($$"""{"id":"{{id}}"}""", with: request => request.Headers.Add("Sec-Purpose", purpose));

        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1)), await app.ClocksAsync(id));
    }

    [Fact]
    public async Task An_exit_ends_the_session_once_its_handlers_have_run()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();

        Assert.Empty((await app.ExitAsync(id)).Is(HttpStatusCode.NoContent).Text);

        Assert.Equal(["SessionStarted", "ApplicationExit Exited"], app.Events);
        Assert.Equal("Exited", (await app.ExitAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Fifty_exits_at_once_end_one_session_once()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => app.ExitAsync(id)));

        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.NoContent or HttpStatusCode.Gone, answer.ToString()));
        Assert.Equal(["SessionStarted", "ApplicationExit Exited"], app.Events);
    }

    [Fact]
    public async Task Calls_and_an_exit_at_once_are_answered_alive_or_ended_and_nothing_else()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        for (var round = 0; round < 20; round++)
        {
            var id = await app.StartSessionAsync();
            var calls = Enumerable.Range(0, 20).Select(n => n == 10 ? app.ExitAsync(id) : n % 2 == 0 ? app.PingAsync(id) : app.ActivityAsync(id, """{"idleMs":0}"""));

            var answers = await Task.WhenAll(calls);

            Assert.All(answers, answer => Assert.True(
                answer.Status is HttpStatusCode.OK or HttpStatusCode.NoContent or HttpStatusCode.Gone, answer.ToString()));
            Assert.Equal("Exited", (await app.StatusAsync(id)).String("reason"));
        }

        Assert.Equal(20, app.Events.Count(line => line.StartsWith("ApplicationExit", StringComparison.Ordinal)));
    }
}
