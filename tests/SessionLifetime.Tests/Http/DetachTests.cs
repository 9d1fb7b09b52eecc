using System.Net;
using Microsoft.AspNetCore.Builder;

namespace SessionLifetime.Tests.Http;

public sealed class DetachTests
{
    [Theory]
    [InlineData("application/json")]
    [InlineData("text/plain")]
    [InlineData("text/plain;charset=UTF-8")]
    [InlineData("application/x-www-form-urlencoded")]
    public async Task A_good_bye_is_a_signal_and_no_activity(string contentType)
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(10));

        var answer = await app.DetachAsync($$"""{"id":"{{id}}","page":"page","persisted":false}""", contentType);

        Assert.Empty(answer.Is(HttpStatusCode.NoContent).Text);
        Assert.Equal((TimeSpan.FromMinutes(10), TimeSpan.Zero), await app.ClocksAsync(id));
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();
        await app.ExpectEventsAsync("SessionStarted", "PageUnloaded page current=True open=0 persisted=False");
    }

    [Fact]
    public async Task A_good_bye_may_carry_the_id_in_the_header()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.UnloadGrace = TimeSpan.Zero);
        var id = await app.StartSessionAsync();

        await app.DetachAsync("""{"page":"page"}""", id: id);

        await app.ExpectEventsAsync("SessionStarted", "PageUnloaded page current=True open=0 persisted=False");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("hello")]
    [InlineData("{}")]
    [InlineData("""{"id":5,"page":6,"persisted":"maybe"}""")]
    [InlineData("""{"id":"AAAAAAAAAAAAAAAAAAAAAA","page":"page"}""")]
    [InlineData("""{"id":"short","page":"page"}""")]
    [InlineData("""{"id":"\ud800"}""")]
    [InlineData("id=1&page=2")]
    public async Task Whatever_else_comes_the_answer_is_204_and_no_page_is_gone(string body)
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.UnloadGrace = TimeSpan.Zero);
        var id = await app.StartSessionAsync();

        Assert.Empty((await app.DetachAsync(body)).Is(HttpStatusCode.NoContent).Text);
        (await app.DetachAsync(body, "application/json")).Is(HttpStatusCode.NoContent);
        (await app.DetachAsync(body, "multipart/form-data; boundary=x")).Is(HttpStatusCode.NoContent);
        (await app.CallAsync(HttpMethod.Post, "/detach", null)).Is(HttpStatusCode.NoContent);
        (await app.CallAsync(HttpMethod.Post, "/detach", "malformed")).Is(HttpStatusCode.NoContent);
        (await app.DetachAsync(new string('x', 10_000))).Is(HttpStatusCode.NoContent);

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
        Assert.Equal(["SessionStarted"], app.Events);
    }

    [Theory]
    [InlineData("""
        "page":"page","persisted":"maybe"
        """)]
    [InlineData("""
        "page":6
        """)]
    public async Task A_body_that_is_wrong_in_a_field_changes_nothing_though_its_id_is_right(string fields)
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.UnloadGrace = TimeSpan.Zero);
        var id = await app.StartSessionAsync();
        var before = (await app.StatusAsync(id)).Is(HttpStatusCode.OK).Text;
        (await app.DetachAsync($"{{\"id\":\"{id}\",{fields}}}")).Is(HttpStatusCode.NoContent);

        Assert.Equal(before, (await app.StatusAsync(id)).Is(HttpStatusCode.OK).Text);
        Assert.Equal(["SessionStarted"], app.Events);
    }

    [Fact]
    public async Task A_good_bye_of_an_unknown_page_is_a_signal_and_nothing_more()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options =>
        {
            options.UnloadGrace = TimeSpan.Zero;
            options.SelfDestructOnUnload = TimeSpan.FromSeconds(10);
        });
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));

        await app.DetachByBeaconAsync(id, "another");
        await app.DetachAsync($$"""{"id":"{{id}}"}""");
        await app.DetachAsync($$"""{"id":"{{id}}","page":"not a page!"}""");

        Assert.Equal((TimeSpan.FromMinutes(1), TimeSpan.Zero), await app.ClocksAsync(id));
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("endsBy"));
        Assert.Equal(["SessionStarted"], app.Events);
    }

    [Fact]
    public async Task A_page_is_unloaded_once_however_often_it_says_good_bye()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.UnloadGrace = TimeSpan.Zero);
        var id = await app.StartSessionAsync();

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => app.DetachByBeaconAsync(id)));

        await app.SweepAsync();
        await app.ExpectEventsAsync("SessionStarted", "PageUnloaded page current=True open=0 persisted=False");
    }

    [Fact]
    public async Task A_refresh_unloads_no_page()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();

        await app.DetachByBeaconAsync(id);
        app.Time.Advance(TimeSpan.FromSeconds(4.9));
        await app.AttachAsync(id, "page-2");
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await app.SweepAsync();
        await app.PingAsync(id);

        Assert.Equal(["SessionStarted", "SessionResumed page-2"], app.Events);
    }

    [Fact]
    public async Task A_good_bye_overtaken_by_the_next_page_of_its_tab_unloads_nothing()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options =>
        {
            options.UnloadGrace = TimeSpan.Zero;
            options.SelfDestructOnUnload = TimeSpan.FromSeconds(1);
        });
        var id = await app.StartSessionAsync();

        await app.AttachAsync(id, "page-2");
        await app.DetachByBeaconAsync(id, "page");
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await app.SweepAsync();

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
        Assert.Equal(["SessionStarted", "SessionResumed page-2"], app.Events);
    }

    [Fact]
    public async Task A_good_bye_is_no_use_of_its_page_the_current_one_is_the_page_that_was_used_last()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Map = static web => web.MapGet("/work", static () => "done"));
        var id = await app.StartSessionAsync("one", "tab-1");
        (await app.AttachAsync(id, "two", "tab-2")).Is(HttpStatusCode.OK);
        await app.GetAsync("/work", id, with: static request => request.Headers.Add(SessionApp.PageHeader, "one"));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        await app.GetAsync("/work", id, with: static request => request.Headers.Add(SessionApp.PageHeader, "two"));
        app.Time.Advance(TimeSpan.FromSeconds(10));

        await app.DetachByBeaconAsync(id, "one");
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();
        await app.ExpectEventsAsync("SessionStarted", "SessionResumed two", "PageUnloaded one current=False open=1 persisted=False");

        await app.DetachByBeaconAsync(id, "two");
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();
        await SessionApp.EventuallyAsync(() => app.Events.Count == 4);
        Assert.Equal("PageUnloaded two current=True open=0 persisted=False", app.Events.Last());
    }

    [Fact]
    public async Task Pages_that_leave_together_have_one_that_was_used_last_whatever_the_order_of_their_good_byes()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Map = static web => web.MapGet("/work", static () => "done"));
        var id = await app.StartSessionAsync("one", "tab-1");
        (await app.AttachAsync(id, "two", "tab-2")).Is(HttpStatusCode.OK);
        await app.GetAsync("/work", id, with: static request => request.Headers.Add(SessionApp.PageHeader, "one"));

        await app.DetachByBeaconAsync(id, "one");
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.DetachByBeaconAsync(id, "two");
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();

        await app.ExpectEventsAsync(
            "SessionStarted",
            "SessionResumed two",
            "PageUnloaded one current=True open=0 persisted=False",
            "PageUnloaded two current=False open=0 persisted=False");
    }

    [Fact]
    public async Task A_page_of_another_tab_does_not_take_back_a_good_bye()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync("one", "tab-1");

        await app.DetachByBeaconAsync(id, "one");
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.AttachAsync(id, "two", "tab-2");
        app.Time.Advance(TimeSpan.FromSeconds(4));
        await app.SweepAsync();

        await app.ExpectEventsAsync("SessionStarted", "SessionResumed two", "PageUnloaded one current=False open=1 persisted=False");
    }

    [Fact]
    public async Task A_persisted_page_says_so()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.UnloadGrace = TimeSpan.Zero);
        var id = await app.StartSessionAsync();

        await app.DetachByBeaconAsync(id, persisted: true);

        await app.ExpectEventsAsync("SessionStarted", "PageUnloaded page current=True open=0 persisted=True");
    }

    [Fact]
    public async Task An_unload_is_raised_by_the_next_look_after_its_grace()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();
        await app.DetachByBeaconAsync(id);

        app.Time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromTicks(1));
        await app.StatusAsync(id);
        await app.SweepAsync();
        Assert.Equal(["SessionStarted"], app.Events);

        app.Time.Advance(TimeSpan.FromTicks(1));
        await app.StatusAsync(id);
        await app.ExpectEventsAsync("SessionStarted", "PageUnloaded page current=True open=0 persisted=False");
    }

    [Fact]
    public async Task The_page_heard_of_last_is_the_current_one()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync("one", "tab-1");
        await app.AttachAsync(id, "two", "tab-2");
        await app.DetachByBeaconAsync(id, "one");
        app.Time.Advance(TimeSpan.FromSeconds(2));
        await app.PingAsync(id, with: request => request.Headers.Add(SessionApp.PageHeader, "two"));
        app.Time.Advance(TimeSpan.FromSeconds(3));
        await app.SweepAsync();
        await app.ExpectEventsAsync("SessionStarted", "SessionResumed two", "PageUnloaded one current=False open=1 persisted=False");

        await app.DetachByBeaconAsync(id, "two");
        app.Time.Advance(TimeSpan.FromSeconds(5));
        await app.SweepAsync();
        await SessionApp.EventuallyAsync(() => app.Events.Count == 4);
        Assert.Equal("PageUnloaded two current=True open=0 persisted=False", app.Events.Last());
    }

    [Fact]
    public async Task An_end_comes_after_the_unload_that_preceded_it()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();
        await app.DetachByBeaconAsync(id);
        app.Time.Advance(TimeSpan.FromHours(1));

        await app.SweepAsync();

        await app.ExpectEventsAsync(
            "SessionStarted",
            "PageUnloaded page current=True open=0 persisted=False",
            "SessionTimeout 1",
            "ApplicationExit SignalLost");
    }

    [Fact]
    public async Task A_session_keeps_thirty_two_pages_and_forgets_the_one_heard_of_least_recently()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.RecordsEvents = false);
        var start = await app.AttachAsync(page: "p0", tab: "t0");
        var session = (await app.Sessions.FindAsync(start.String("session")!))!;
        for (var i = 1; i < 32; i++)
        {
            app.Time.Advance(TimeSpan.FromSeconds(1));
            await app.AttachAsync(start.Id, "p" + i, "t" + i);
        }

        Assert.Equal(32, session.OpenPages);
        app.Time.Advance(TimeSpan.FromSeconds(1));
        await app.PingAsync(start.Id, with: request => request.Headers.Add(SessionApp.PageHeader, "p0"));
        await app.AttachAsync(start.Id, "p32", "t32");
        Assert.Equal(32, session.OpenPages);

        await app.DetachByBeaconAsync(start.Id!, "p1");
        Assert.Equal(32, session.OpenPages);
        await app.DetachByBeaconAsync(start.Id!, "p0");
        Assert.Equal(31, session.OpenPages);
    }

    [Fact]
    public async Task A_thousand_pages_cost_a_session_no_more_than_thirty_two()
    {
        await using var app = await SessionApp.StartAsync();
        var start = await app.AttachAsync();
        for (var i = 0; i < 1000; i++)
        {
            (await app.AttachAsync(start.Id, "p" + i, "t" + i)).Is(HttpStatusCode.OK);
            await app.DetachByBeaconAsync(start.Id!, "p" + i);
        }

        Assert.Equal(1, (await app.Sessions.FindAsync(start.String("session")!))!.OpenPages);
    }

    [Fact]
    public async Task A_page_silent_for_the_signal_timeout_is_no_open_page()
    {
        await using var app = await SessionApp.StartAsync();
        var start = await app.AttachAsync(page: "one", tab: "1");
        await app.AttachAsync(start.Id, "two", "2");
        var session = (await app.Sessions.FindAsync(start.String("session")!))!;
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(2, session.OpenPages);
            app.Time.Advance(TimeSpan.FromMinutes(10));
            await app.ActivityAsync(start.Id, with: request => request.Headers.Add(SessionApp.PageHeader, "two"));
        }

        Assert.Equal(1, session.OpenPages);
    }

    [Fact]
    public async Task With_self_destruct_on_unload_the_session_ends_that_long_after_its_last_page()
    {
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Options = options => options.SelfDestructOnUnload = TimeSpan.FromSeconds(10));
        var id = await app.StartSessionAsync("one", "1");
        await app.AttachAsync(id, "two", "2");

        await app.DetachByBeaconAsync(id, "one");
        app.Time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("endsBy"));

        await app.DetachByBeaconAsync(id, "two", persisted: true);
        var status = await app.StatusAsync(id);
        Assert.Equal("SelfDestructed", status.String("endsBy"));
        Assert.Equal(10_000, status.Number("endsInMs"));
        app.Time.Advance(TimeSpan.FromSeconds(10));
        await app.SweepAsync();

        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        await SessionApp.EventuallyAsync(() => app.Events.Contains("ApplicationExit SelfDestructed"));
        Assert.DoesNotContain(app.Events, line => line.StartsWith("SessionTimeout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_next_page_in_time_survives_self_destruct_on_unload()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.SelfDestructOnUnload = TimeSpan.FromSeconds(10));
        var id = await app.StartSessionAsync();

        await app.DetachByBeaconAsync(id);
        app.Time.Advance(TimeSpan.FromSeconds(9));
        (await app.AttachAsync(id, "page-2")).Is(HttpStatusCode.OK);
        app.Time.Advance(TimeSpan.FromMinutes(1));

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Self_destruct_on_unload_of_zero_ends_at_once()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.SelfDestructOnUnload = TimeSpan.Zero);
        var id = await app.StartSessionAsync();

        await app.DetachByBeaconAsync(id);

        Assert.Equal("SelfDestructed", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
    }

    [Fact]
    public async Task A_good_bye_to_an_ended_session_is_only_polite()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var id = await app.StartSessionAsync();
        await app.ExitAsync(id);

        await app.DetachByBeaconAsync(id);

        Assert.Equal(["SessionStarted", "ApplicationExit Exited"], app.Events);
    }

    [Fact]
    public async Task The_end_of_an_expired_session_is_not_put_off_by_a_good_bye()
    {
        await using var app = await SessionApp.StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(40));

        await app.DetachByBeaconAsync(id);

        Assert.Equal("SignalLost", (await app.StatusAsync(id)).String("reason"));
    }
}
