using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

public sealed class AttachTests
{
    private const string Unissued = "AAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public async Task A_first_attach_creates_a_session_and_hands_out_its_secret_id_once()
    {
        await using var app = await SessionApp.StartAsync();

        var answer = (await app.AttachAsync()).Is(HttpStatusCode.Created);

        Assert.Equal("created", answer.String("outcome"));
        Assert.Matches("^[A-Za-z0-9_-]{22}$", answer.Id);
        Assert.Matches("^[A-Za-z0-9_-]{11}$", answer.String("session"));
        Assert.False(answer.Json.TryGetProperty("previous", out _));
        Assert.Equal("application/json", answer.Header("Content-Type"));
        Assert.Equal(1, app.Sessions.Count);
        Assert.NotNull(await app.Sessions.FindAsync(answer.String("session")!));

        var status = await app.StatusAsync(answer.Id);
        Assert.Null(status.Id);
        Assert.Equal(answer.String("session"), status.String("session"));
    }

    [Fact]
    public async Task An_attach_with_a_living_id_resumes_its_session()
    {
        await using var app = await SessionApp.StartAsync();
        var first = await app.AttachAsync();

        var answer = (await app.AttachAsync(first.Id, "page-2")).Is(HttpStatusCode.OK);

        Assert.Equal("resumed", answer.String("outcome"));
        Assert.Equal(first.String("session"), answer.String("session"));
        Assert.False(answer.Json.TryGetProperty("id", out _));
        Assert.False(answer.Json.TryGetProperty("previous", out _));
        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task An_attach_is_activity()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(25));
        Assert.Equal("timedOut", (await app.StatusAsync(id)).String("state"));

        var answer = await app.AttachAsync(id);

        Assert.Equal("active", answer.String("state"));
        Assert.Equal(20 * 60_000, answer.Number("timeoutInMs"));
    }

    [Fact]
    public async Task An_attach_without_a_tab_is_welcome()
    {
        await using var app = await SessionApp.StartAsync();

        (await app.AttachAsync(tab: null)).Is(HttpStatusCode.Created);
        (await app.PostAsync("/attach", null, """{"page":"p","tab":null,"what":[1,{"is":"this"}]}""")).Is(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData(Unissued)]
    [InlineData("too-short")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAA!")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA, AAAAAAAAAAAAAAAAAAAAAA")]
    public async Task An_id_the_server_did_not_issue_never_becomes_a_session(string id)
    {
        await using var app = await SessionApp.StartAsync();

        var answer = (await app.AttachAsync(id)).Is(HttpStatusCode.Created);

        Assert.Equal("restarted", answer.String("outcome"));
        Assert.Equal("unknown", answer["previous"].GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, answer["previous"].GetProperty("reason").ValueKind);
        Assert.NotEqual(id, answer.Id);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Theory]
    [InlineData(nameof(SessionEndReason.Exited))]
    [InlineData(nameof(SessionEndReason.IdleTimeout))]
    [InlineData(nameof(SessionEndReason.SignalLost))]
    [InlineData(nameof(SessionEndReason.SelfDestructed))]
    [InlineData(nameof(SessionEndReason.AbsoluteTimeout))]
    [InlineData(nameof(SessionEndReason.Revoked))]
    public async Task An_attach_with_an_ended_id_restarts_and_tells_why(string reason)
    {
        await using var app = await EndableApp.StartAsync();
        var id = await EndableApp.EndAsync(app, reason);

        var answer = (await app.AttachAsync(id)).Is(HttpStatusCode.Created);

        Assert.Equal("restarted", answer.String("outcome"));
        Assert.Equal("ended", answer["previous"].GetProperty("state").GetString());
        Assert.Equal(reason, answer["previous"].GetProperty("reason").GetString());
        Assert.NotEqual(id, answer.Id);
        Assert.Null(answer.Header("X-Session-State"));
    }

    [Fact]
    public async Task After_the_retention_an_ended_id_is_unknown()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);

        app.Time.Advance(TimeSpan.FromMinutes(10) - TimeSpan.FromTicks(1));
        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        app.Time.Advance(TimeSpan.FromTicks(1));
        (await app.StatusAsync(id)).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        Assert.Equal("unknown", (await app.AttachAsync(id))["previous"].GetProperty("state").GetString());
    }

    [Fact]
    public async Task The_oldest_ended_ids_are_forgotten_first()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.MaxEndedSessions = 2);
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add(await app.StartSessionAsync());
            await app.ExitAsync(ids[i]);
        }

        (await app.StatusAsync(ids[0])).Is(HttpStatusCode.NotFound);
        (await app.StatusAsync(ids[1])).Is(HttpStatusCode.Gone);
        (await app.StatusAsync(ids[2])).Is(HttpStatusCode.Gone);
    }

    [Theory]
    [InlineData("{}", "page")]
    [InlineData("""{"page":null}""", "page")]
    [InlineData("""{"page":""}""", "page")]
    [InlineData("""{"page":5}""", "page")]
    [InlineData("""{"page":["x"]}""", "page")]
    [InlineData("""{"page":"with space"}""", "page")]
    [InlineData("""{"page":"ünicode"}""", "page")]
    [InlineData("""{"page":"\ud800"}""", "page")]
    [InlineData("""{"page":"a/b"}""", "page")]
    [InlineData("""{"page":"12345678901234567890123456789012345678901234567890123456789012345"}""", "page")]
    [InlineData("""{"page":"p","tab":""}""", "tab")]
    [InlineData("""{"page":"p","tab":7}""", "tab")]
    [InlineData("""{"page":"p","tab":"with space"}""", "tab")]
    public async Task A_bad_page_or_tab_is_refused_by_name(string body, string field)
    {
        await using var app = await SessionApp.StartAsync();

        var answer = (await app.PostAsync("/attach", null, body)).IsProblem(HttpStatusCode.BadRequest, "badBody");

        Assert.Equal(field, answer.String("field"));
        Assert.Contains(field, answer.String("detail"), StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Sixty_four_characters_are_a_page()
    {
        await using var app = await SessionApp.StartAsync();

        (await app.AttachAsync(page: new string('x', 64), tab: "-_")).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task At_capacity_an_attach_is_told_to_try_later_and_nothing_is_lost()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.MaxSessions = 2);
        var first = await app.StartSessionAsync();
        var second = await app.StartSessionAsync();

        var refused = (await app.AttachAsync()).IsProblem(HttpStatusCode.ServiceUnavailable, "atCapacity");

        Assert.True(int.Parse(refused.Header("Retry-After")!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        Assert.Equal(2, app.Sessions.Count);
        (await app.AttachAsync(first, "again")).Is(HttpStatusCode.OK);
        await app.ExitAsync(second);
        (await app.AttachAsync(second)).Is(HttpStatusCode.Created);
        (await app.AttachAsync("unknown")).IsProblem(HttpStatusCode.ServiceUnavailable, "atCapacity");
    }

    [Theory]
    [InlineData("prefetch")]
    [InlineData("prefetch;prerender")]
    [InlineData("prerender")]
    public async Task A_speculative_attach_starts_and_extends_nothing(string purpose)
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));

        var answers = new[]
        {
            await app.AttachAsync(with: request => request.Headers.Add("Sec-Purpose", purpose)),
            await app.AttachAsync(id, "other", with: request => request.Headers.Add("Sec-Purpose", purpose)),
        };

        Assert.All(answers, answer => Assert.Empty(answer.Is(HttpStatusCode.NoContent).Text));
        Assert.Equal(1, app.Sessions.Count);
        Assert.Equal(19 * 60_000, (await app.StatusAsync(id)).Number("timeoutInMs"));
        Assert.Equal(["SessionStarted"], app.Events);
    }

    [Fact]
    public async Task An_attach_waits_for_the_started_and_resumed_handlers()
    {
        var loaded = new List<string>();
        await using var app = await SessionApp.StartAsync(setup => setup.Sessions = builder => builder
            .OnSessionStarted(async (context, _) =>
            {
                await Task.Yield();
                lock (loaded)
                {
                    loaded.Add("started " + context.Session.Id);
                }
            })
            .OnSessionResumed(async (context, _) =>
            {
                await Task.Yield();
                lock (loaded)
                {
                    loaded.Add("resumed " + context.Page);
                }
            }));

        var answer = await app.AttachAsync();
        Assert.Equal(["started " + answer.String("session")], loaded);
        await app.AttachAsync(answer.Id, "second");
        Assert.Equal("resumed second", loaded[1]);
    }

    [Fact]
    public async Task A_handler_that_throws_hinders_no_attach()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Sessions = builder => builder
                .OnSessionStarted(_ => throw new InvalidOperationException("started"))
                .OnSessionResumed(_ => throw new InvalidOperationException("resumed"));
        });

        var id = (await app.AttachAsync()).Is(HttpStatusCode.Created).Id;
        (await app.AttachAsync(id)).Is(HttpStatusCode.OK);
        Assert.Equal(2, app.Log.Errors.Count());
    }

    [Fact]
    public async Task A_session_that_its_started_handler_ends_is_answered_as_created_and_the_next_call_tells_its_end()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Sessions = builder => builder
            .OnSessionStarted(async (context, _) => await context.Session.ExitAsync()));

        var answer = (await app.AttachAsync()).Is(HttpStatusCode.Created);

        Assert.Equal(("created", 1000), (answer.String("outcome"), answer.Number("pingEveryMs")));
        Assert.Equal("Exited", (await app.PingAsync(answer.Id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task A_session_that_its_resumed_handler_ends_is_restarted()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Sessions = builder => builder
            .OnSessionResumed(async (context, _) => await context.Session.ExitAsync()));
        var id = await app.StartSessionAsync();

        var answer = (await app.AttachAsync(id)).Is(HttpStatusCode.Created);

        Assert.Equal("restarted", answer.String("outcome"));
        Assert.Equal("Exited", answer["previous"].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Ten_attaches_at_once_with_one_ended_id_start_ten_sessions_and_none_is_shared()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        await app.ExitAsync(id);

        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(n => app.AttachAsync(id, "page-" + n)));

        Assert.Equal(10, answers.Select(answer => answer.Is(HttpStatusCode.Created).Id).Distinct().Count());
    }

    [Theory]
    [InlineData(1_000, true)]
    [InlineData(60_000, false)]
    [InlineData(null, false)]
    public async Task A_session_that_another_server_must_have_started_is_warned_of_once(int? answeredMs, bool isOfAnother)
    {
        await using var app = await SessionApp.StartAsync();
        app.Time.Advance(TimeSpan.FromSeconds(30));
        var body = answeredMs is { } age ? $$"""{"page":"p1","answeredMs":{{age}}}""" : """{"page":"p1"}""";

        (await app.PostAsync("/attach", Unissued, body)).Is(HttpStatusCode.Created);
        (await app.PostAsync("/attach", Unissued, body)).Is(HttpStatusCode.Created);

        Assert.Equal(isOfAnother ? 1 : 0, app.Log.Lines.Count(static line => line.Id.Id == 92));
    }

    [Fact]
    public async Task A_session_that_is_known_here_is_no_other_servers()
    {
        await using var app = await SessionApp.StartAsync();
        app.Time.Advance(TimeSpan.FromSeconds(30));
        var id = await app.StartSessionAsync();
        (await app.PostAsync("/attach", id, """{"page":"p1","answeredMs":1}""")).Is(HttpStatusCode.OK);
        await app.ExitAsync(id);
        (await app.PostAsync("/attach", id, """{"page":"p1","answeredMs":1}""")).Is(HttpStatusCode.Created);

        Assert.DoesNotContain(app.Log.Lines, static line => line.Id.Id == 92);
    }
}
