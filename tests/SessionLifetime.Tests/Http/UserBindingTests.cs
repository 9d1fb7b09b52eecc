using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Http;

/// <summary>A session belongs to the first user who is signed in when it is used (contract, section 6).</summary>
public sealed class UserBindingTests
{
    [Fact]
    public async Task The_first_request_of_a_signed_in_user_gives_the_session_to_them_under_a_new_id()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app);
        var anonymous = ada.Id;
        Assert.Null((await ada.SessionAsync())!.User);

        ada.User = "ada";
        var answer = await ada.GetAsync("/user");

        Assert.Equal("ada", answer.Is(HttpStatusCode.OK).Text);
        Assert.NotEqual(anonymous, ada.Id);
        Assert.Equal(ada.Id, answer.Header("X-Session-Id"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        (await ada.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Who_is_signed_in_when_the_session_starts_has_it_from_the_start()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app, "ada");

        Assert.Equal("ada", (await ada.SessionAsync())!.User);
        (await PingAsAsync(app, "eve", ada)).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
    }

    [Fact]
    public async Task Another_user_is_refused_everywhere_and_the_session_left_alone()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app, "ada");
        var session = (await ada.SessionAsync())!;
        var before = (session.LastActivity, session.LastSignal);
        app.Time.Advance(TimeSpan.FromMinutes(1));
        var eve = new Visitor(app) { Id = ada.Id, Key = ada.Key, User = "eve" };

        (await eve.StatusAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        (await eve.PingAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        (await eve.ActivityAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        (await eve.ExitAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        (await eve.GetAsync("/required")).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        Assert.Equal("nobody", (await eve.GetAsync("/user")).Is(HttpStatusCode.OK).Text);
        Assert.Equal(before, (session.LastActivity, session.LastSignal));

        var answer = (await eve.AttachAsync()).Is(HttpStatusCode.Created);
        Assert.Equal("refused", answer["previous"].GetProperty("state").GetString());
        Assert.Equal("eve", (await eve.SessionAsync())!.User);
        Assert.Equal("ada", (await ada.SessionAsync())!.User);
    }

    [Fact]
    public async Task Anonymous_requests_are_never_refused_for_it_and_never_unbind()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app, "ada");

        ada.User = null;

        Assert.Equal("ada", (await ada.GetAsync("/user")).Is(HttpStatusCode.OK).Text);
        (await ada.PingAsync()).Is(HttpStatusCode.OK);
        Assert.Equal("ada", (await ada.SessionAsync())!.User);
    }

    [Fact]
    public async Task Release_at_sign_out_frees_the_session_for_the_next_user_under_a_new_id()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app, "ada");
        var former = ada.Id;
        var browser = (await ada.SessionAsync())!.BrowserId;

        (await ada.GetAsync("/release")).Is(HttpStatusCode.OK);

        Assert.NotEqual(former, ada.Id);
        ada.User = null;
        Assert.Null((await ada.SessionAsync())!.User);
        Assert.Equal(browser, (await ada.SessionAsync())!.BrowserId);
        Assert.Empty(await app.Sessions.ListAsync(new SessionQuery { User = "ada" }));
        ada.User = "eve";
        Assert.Equal("eve", (await ada.GetAsync("/user")).Text);
    }

    [Fact]
    public async Task Sign_out_gives_an_id_that_nobody_was_told_before()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app);
        (ada.User, ada.IsDeaf) = ("ada", true);
        var atSignIn = (await ada.GetAsync("/user")).Header("X-Session-Id");
        ada.IsDeaf = true;
        var atSignOut = (await ada.GetAsync("/release")).Header("X-Session-Id");

        Assert.NotNull(atSignIn);
        Assert.NotNull(atSignOut);
        Assert.NotEqual(atSignIn, atSignOut);

        // Whichever answer the browser heeds, it is led to the last.
        (ada.User, ada.Id) = (null, atSignIn);
        Assert.Equal(atSignOut, (await ada.PingAsync()).Is(HttpStatusCode.OK).Id);
        (await ada.PingAsync()).Is(HttpStatusCode.OK);
        app.Time.Advance(TimeSpan.FromSeconds(30));
        (await app.PingAsync(atSignIn, with: request => request.Headers.Add("Cookie", $"{Visitor.CookieName}={ada.Key}"))).Is(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Signing_in_and_out_again_and_again_unheard_piles_up_no_ids()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app);
        var first = ada.Id;
        var told = new List<string>();
        for (var turn = 0; turn < 40; turn++)
        {
            (ada.Id, ada.User) = (first, "ada");
            told.Add((await ada.GetAsync("/user")).Header("X-Session-Id")!);
            ada.Id = first;
            told.Add((await ada.GetAsync("/release")).Header("X-Session-Id")!);
        }

        Assert.Equal(80, told.Distinct(StringComparer.Ordinal).Count());
        ada.User = null;
        var good = 0;
        foreach (var id in told)
        {
            good += (await app.StatusAsync(id, request => request.Headers.Add("Cookie", $"{Visitor.CookieName}={ada.Key}"))).Status == HttpStatusCode.OK ? 1 : 0;
        }

        // The last that waited and eight before it; asking with the newest has made it the one.
        Assert.Equal(9, good);
        ada.Id = first;
        (await ada.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_claim_that_tells_users_apart_can_be_chosen_and_has_substitutes()
    {
        await using var app = await StartAsync(setup => setup.Options = static options => options.UserClaimType = "oid");

        Assert.Equal("1", (await (await Visitor.ArriveAsync(app, "oid:1")).SessionAsync())!.User);
        Assert.Equal("2", (await (await Visitor.ArriveAsync(app, "sub:2")).SessionAsync())!.User);
        Assert.Equal("ada", (await (await Visitor.ArriveAsync(app, "name:ada")).SessionAsync())!.User);
    }

    [Fact]
    public async Task A_user_without_an_id_is_warned_of_once_and_has_a_session_of_nobodys()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app, "role:admin");

        Assert.Null((await visitor.SessionAsync())!.User);
        Assert.Single(app.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("UserClaimType", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Log_out_everywhere_ends_the_users_other_sessions_and_nobody_elses()
    {
        await using var app = await StartAsync(static setup => setup.RecordsEvents = true);
        var here = await Visitor.ArriveAsync(app, "ada");
        var there = await Visitor.ArriveAsync(app, "ada");
        var phone = await Visitor.ArriveAsync(app, "ada");
        var eve = await Visitor.ArriveAsync(app, "eve");

        Assert.Equal("2", (await here.GetAsync("/everywhere")).Text);

        (await here.PingAsync()).Is(HttpStatusCode.OK);
        (await eve.PingAsync()).Is(HttpStatusCode.OK);
        Assert.Equal("Revoked", (await there.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        Assert.Equal("Revoked", (await phone.PingAsync()).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        Assert.Equal(2, app.Events.Count(static line => line == "ApplicationExit Revoked"));
        await Assert.ThrowsAsync<ArgumentException>(() => app.Sessions.EndAllAsync("").AsTask());
        await Assert.ThrowsAsync<ArgumentNullException>(() => app.Sessions.EndAllAsync((string)null!).AsTask());
    }

    [Fact]
    public async Task Sessions_are_listed_by_user_and_by_browser()
    {
        await using var app = await StartAsync();
        var ada = await Visitor.ArriveAsync(app, "ada");
        var other = new Visitor(app) { Key = ada.Key, User = "eve" };
        await other.AttachAsync();
        await Visitor.ArriveAsync(app, "ada");
        var session = (await ada.SessionAsync())!;

        Assert.Equal(2, (await app.Sessions.ListAsync(new SessionQuery { User = "ada" })).Count);
        Assert.Equal(2, (await app.Sessions.ListAsync(new SessionQuery { BrowserId = session.BrowserId })).Count);
        Assert.Equal([session], await app.Sessions.ListAsync(new SessionQuery { BrowserId = session.BrowserId, User = "ada" }));
        Assert.Empty(await app.Sessions.ListAsync(new SessionQuery { User = "nobody" }));
        var first = await app.Sessions.ListAsync(new SessionQuery { User = "ada", PageSize = 1 });
        var second = await app.Sessions.ListAsync(new SessionQuery { User = "ada", PageSize = 1, After = first[0].Id });
        Assert.NotEqual(first[0], second[0]);
        Assert.Empty(await app.Sessions.ListAsync(new SessionQuery { User = "ada", PageSize = 1, After = second[0].Id }));
        await Assert.ThrowsAsync<ArgumentException>(() => app.Sessions.ListAsync(new SessionQuery { BrowserId = "?" }).AsTask());
        await ada.ExitAsync();
        Assert.Single(await app.Sessions.ListAsync(new SessionQuery { User = "ada" }));
    }

    private static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Before = Visitor.UseTestUsers;
        setup.Map = static web =>
        {
            web.MapGet("/user", static (HttpContext context) => context.GetTabSession()?.User ?? "nobody");
            web.MapGet("/required", static () => "in").RequireTabSession();
            web.MapGet("/release", static (HttpContext context) => context.GetTabSession()!.ReleaseUserAsync());
            web.MapGet("/everywhere", static async (HttpContext context, ISessionLifetime sessions) =>
            {
                var session = context.GetTabSession()!;
                return await sessions.EndAllAsync(session.User!, except: session);
            });
        };
        configure?.Invoke(setup);
    });

    /// <summary>What a user is told who pings with somebody else's id and browser.</summary>
    private static Task<Answer> PingAsAsync(SessionApp app, string user, Visitor of) => new Visitor(app) { Id = of.Id, Key = of.Key, User = user }.PingAsync();
}
