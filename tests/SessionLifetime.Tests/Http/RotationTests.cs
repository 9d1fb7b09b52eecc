using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>A session is given a new id without its page losing it (contract, section 6).</summary>
public sealed class RotationTests
{
    private static readonly TimeSpan s_overlap = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task The_answer_of_the_request_that_rotates_hands_out_the_new_id()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var (former, session) = (visitor.Id, await visitor.SessionAsync());

        var answer = (await visitor.GetAsync("/rotate")).Is(HttpStatusCode.OK);

        Assert.Matches("^[A-Za-z0-9_-]{22}$", answer.Header("X-Session-Id")!);
        Assert.NotEqual(former, visitor.Id);
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Same(session, await visitor.SessionAsync());
        Assert.Null((await visitor.GetAsync("/plain")).Header("X-Session-Id"));
        Assert.DoesNotContain("\"id\"", (await visitor.PingAsync()).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("activity")]
    [InlineData("attach")]
    [InlineData("app")]
    [InlineData("alive app")]
    [InlineData("none app")]
    public async Task Every_answer_the_module_reads_hands_it_out_until_it_is_used(string call)
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        await (await visitor.SessionAsync())!.RotateIdAsync();
        var former = visitor.Id;

        // The first answer is lost on the way: the next says the same.
        visitor.IsDeaf = true;
        await CallAsync(visitor, call);
        Assert.Equal(former, visitor.Id);
        await CallAsync(visitor, call);
        var newer = visitor.Id;
        Assert.NotEqual(former, newer);

        await CallAsync(visitor, call);
        Assert.Equal(newer, visitor.Id);
    }

    [Theory]
    [InlineData("https://storage.example/file", true)]
    [InlineData("//storage.example/file", true)]
    [InlineData("/\\storage.example", true)]
    [InlineData("http://localhost.evil.example/", true)]
    [InlineData("http://localhost/file", false)]
    [InlineData("/file", false)]
    [InlineData("file?to=https://storage.example", false)]
    public async Task An_answer_that_redirects_to_another_origin_replaces_the_id_that_went_along(string to, bool isForeign)
    {
        await using var app = await SessionApp.StartAsync(static setup => setup.Map = static web =>
        {
            web.MapGet("/go", static (HttpContext context, string to) => Go(context, to));
            web.MapGet("/disabled", static (HttpContext context, string to) => Go(context, to)).DisableTabSession();
            web.MapGet("/plain", static () => "plain");
        });
        foreach (var path in new[] { "/go", "/disabled" })
        {
            var visitor = await Visitor.ArriveAsync(app);
            var (leaked, session) = (visitor.Id, await visitor.SessionAsync());
            for (var i = 0; i < 2; i++)
            {
                (await visitor.GetAsync($"{path}?to={Uri.EscapeDataString(to)}")).Is(HttpStatusCode.Redirect);
            }

            await visitor.GetAsync("/plain");
            Assert.Equal(isForeign, visitor.Id != leaked);
            Assert.Same(session, await visitor.SessionAsync());
            await visitor.GetAsync("/plain");
            app.Time.Advance(s_overlap);
            Assert.Equal(isForeign ? HttpStatusCode.NotFound : HttpStatusCode.OK, (await app.StatusAsync(leaked, visitor.Dress)).Status);
            Assert.Equal(isForeign ? 1 : 0, app.Log.Lines.Count(line => line.Text.Contains($"({path} to ", StringComparison.Ordinal)));
        }

        static void Go(HttpContext context, string to) => (context.Response.StatusCode, context.Response.Headers.Location) = (302, to);
    }

    [Fact]
    public async Task A_status_read_and_a_good_bye_hand_out_nothing()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        await (await visitor.SessionAsync())!.RotateIdAsync();

        Assert.DoesNotContain("\"id\"", (await visitor.StatusAsync()).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_id_works_until_the_overlap_after_the_new_ones_first_use()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var old = new Visitor(app) { Id = visitor.Id, Key = visitor.Key };
        await (await visitor.SessionAsync())!.RotateIdAsync();

        // Not used yet: there is no hurry.
        app.Time.Advance(s_overlap * 3);
        await visitor.PingAsync();
        Assert.NotEqual(old.Id, visitor.Id);
        app.Time.Advance(s_overlap * 3);
        Assert.Equal(visitor.Id, Peek(await app.PingAsync(old.Id, with: WithKey(visitor))));

        // Used.
        await visitor.PingAsync();
        app.Time.Advance(s_overlap - TimeSpan.FromTicks(1));
        (await app.PingAsync(old.Id, with: WithKey(visitor))).Is(HttpStatusCode.OK);

        app.Time.Advance(TimeSpan.FromTicks(1));
        (await app.PingAsync(old.Id, with: WithKey(visitor))).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        (await visitor.PingAsync()).Is(HttpStatusCode.OK);
        var replay = (await app.AttachAsync(old.Id, with: WithKey(visitor))).Is(HttpStatusCode.Created);
        Assert.Equal("unknown", replay["previous"].GetProperty("state").GetString());
    }

    [Fact]
    public async Task Parallel_requests_get_the_same_new_id()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var former = visitor.Id;

        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => app.GetAsync("/rotate", former, WithKey(visitor))));

        var newer = Assert.Single(answers.Select(answer => answer.Header("X-Session-Id")).Distinct());
        visitor.Id = newer;
        (await visitor.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_session_can_be_rotated_again_and_again()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var ids = new List<string> { visitor.Id! };
        for (var turn = 0; turn < 20; turn++)
        {
            (await visitor.GetAsync("/rotate")).Is(HttpStatusCode.OK);
            ids.Add(visitor.Id!);
        }

        Assert.Equal(21, ids.Distinct(StringComparer.Ordinal).Count());
        (await visitor.PingAsync()).Is(HttpStatusCode.OK);

        // Not every former one is kept: an app that rotates with every request must not fill the store.
        (await app.PingAsync(ids[0], with: WithKey(visitor))).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        (await app.PingAsync(ids[^2], with: WithKey(visitor))).Is(HttpStatusCode.OK);
        await visitor.ExitAsync();
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task After_the_end_every_id_it_had_learns_why()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var first = visitor.Id;
        await visitor.GetAsync("/rotate");
        await visitor.PingAsync();
        var second = visitor.Id;
        var pending = (await visitor.GetAsync("/rotate")).Header("X-Session-Id");
        await visitor.ExitAsync();

        foreach (var id in new[] { first, second, pending })
        {
            Assert.Equal("Exited", (await app.PingAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        }

    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    [InlineData("Sec-Fetch-Site", "none")]
    [InlineData("Origin", "https://elsewhere.example")]
    [InlineData("Origin", "null")]
    public async Task Answers_to_pages_of_another_origin_do_not_carry_it(string header, string value)
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);

        Assert.Null((await visitor.GetAsync("/rotate", request => request.Headers.Add(header, value))).Header("X-Session-Id"));

        // What such a page's module asks the library itself, it may read by the app's CORS policy.
        Assert.NotNull(Peek(await app.PingAsync(visitor.Id, with: WithKey(visitor))));
    }

    [Theory]
    [InlineData("Sec-Fetch-Site", "same-origin")]
    [InlineData("Origin", "http://localhost")]
    public async Task Answers_to_pages_of_its_own_do(string header, string value)
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);

        Assert.NotNull((await visitor.GetAsync("/rotate", request => request.Headers.Add(header, value))).Header("X-Session-Id"));
    }

    [Fact]
    public async Task Answers_without_the_id_header_never_carry_it()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        await (await visitor.SessionAsync())!.RotateIdAsync();

        Assert.Null((await app.GetAsync("/plain", id: null, WithKey(visitor))).Header("X-Session-Id"));
    }

    [Fact]
    public async Task A_304_does_not_carry_it()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        await (await visitor.SessionAsync())!.RotateIdAsync();

        Assert.Null((await visitor.GetAsync("/not-modified")).Is(HttpStatusCode.NotModified).Header("X-Session-Id"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_output_cache_keeps_no_id_and_no_state(bool isOutside)
    {
        var served = 0;
        await using var app = await StartAsync(setup =>
        {
            setup.Services = static builder => builder.Services.AddOutputCache();
            var map = setup.Map;
            if (isOutside)
            {
                setup.Before = static web =>
                {
                    web.UseRouting();
                    web.UseOutputCache();
                };
            }

            setup.Map = web =>
            {
                if (!isOutside)
                {
                    web.UseOutputCache();
                }

                web.MapGet("/cached", () => $"{++served}").CacheOutput();
                web.MapGet("/cached-too", () => $"{++served}").CacheOutput();
            };
        });
        var visitor = await Visitor.ArriveAsync(app);
        await (await visitor.SessionAsync())!.RotateIdAsync();
        var handed = await visitor.GetAsync("/cached");
        Assert.NotNull(handed.Header("X-Session-Id"));
        var ended = await app.GetAsync("/cached-too", "AAAAAAAAAAAAAAAAAAAAAQ");
        Assert.Equal("unknown", ended.Header("X-Session-State"));

        var other = await Visitor.ArriveAsync(app);
        var replayed = await other.GetAsync("/cached");
        var replayedToo = await other.GetAsync("/cached-too");

        Assert.Equal((handed.Text, ended.Text), (replayed.Text, replayedToo.Text));
        Assert.Null(replayed.Header("X-Session-Id"));
        Assert.Null(replayedToo.Header("X-Session-State"));
    }

    [Fact]
    public async Task A_new_id_without_the_key_is_refused_and_not_used_by_that()
    {
        await using var app = await StartAsync();
        var visitor = await Visitor.ArriveAsync(app);
        var stolen = (await app.GetAsync("/rotate", visitor.Id, WithKey(visitor))).Header("X-Session-Id");

        (await app.PingAsync(visitor.Id)).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
        (await app.PingAsync(stolen)).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");

        app.Time.Advance(s_overlap * 2);
        Assert.Equal(stolen, Peek(await app.PingAsync(visitor.Id, with: WithKey(visitor))));
    }

    private static string? Peek(Answer answer) => answer.Is(HttpStatusCode.OK).Id;

    private static Action<HttpRequestMessage> WithKey(Visitor visitor) =>
        request => request.Headers.Add("Cookie", $"{Visitor.CookieName}={visitor.Key}");

    private static Task<Answer> CallAsync(Visitor visitor, string call) => call switch
    {
        "ping" => visitor.PingAsync(),
        "activity" => visitor.ActivityAsync(),
        "attach" => visitor.AttachAsync(),
        "alive app" => visitor.GetAsync("/alive"),
        "none app" => visitor.GetAsync("/none"),
        _ => visitor.GetAsync("/plain"),
    };

    private static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Map = static web =>
        {
            web.MapGet("/plain", static () => "plain");
            web.MapGet("/alive", static () => "alive").WithSessionSignal(SessionSignal.Alive);
            web.MapGet("/none", static () => "none").WithSessionSignal(SessionSignal.None);
            web.MapGet("/not-modified", static () => Results.StatusCode(StatusCodes.Status304NotModified));
            web.MapGet("/rotate", static (HttpContext context) => context.GetTabSession()!.RotateIdAsync());
        };
        configure?.Invoke(setup);
    });
}
