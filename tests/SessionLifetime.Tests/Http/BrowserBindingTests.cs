using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Ids;

namespace SessionLifetime.Tests.Http;

/// <summary>A session belongs to the browser it was first used in (contract, section 6).</summary>
public sealed class BrowserBindingTests
{
    [Fact]
    public async Task The_first_attach_sets_a_cookie_no_script_can_read()
    {
        await using var app = await StartAsync();

        var cookie = (await app.AttachAsync()).Is(HttpStatusCode.Created).Header("Set-Cookie")!;

        Assert.Matches("^SessionLifetime\\.Browser=[A-Za-z0-9_-]{22}; max-age=34560000; path=/; samesite=lax; httponly$", cookie);
    }

    [Fact]
    public async Task On_https_it_is_secure_and_under_a_path_base_it_is_for_that_path()
    {
        await using var app = await StartAsync(setup => setup.Before = static web =>
        {
            web.UsePathBase("/shop");
            web.UseRouting();
            web.Use((context, next) =>
            {
                context.Request.Scheme = "https";
                return next(context);
            });
        });

        var cookie = (await app.SendAsync(HttpMethod.Post, "/shop/_session/attach", null, """{"page":"p"}""")).Is(HttpStatusCode.Created).Header("Set-Cookie")!;

        Assert.EndsWith("; path=/shop; secure; samesite=lax; httponly", cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_embedded_app_can_have_a_partitioned_cookie_of_another_name()
    {
        await using var app = await StartAsync(setup => setup.Sessions = static builder => builder.ConfigureBrowserCookie(static cookie =>
        {
            cookie.Name = "key";
            cookie.SameSite = SameSiteMode.None;
            cookie.SecurePolicy = CookieSecurePolicy.Always;
            cookie.Path = "/app";
            cookie.MaxAge = TimeSpan.FromDays(1);
            cookie.Extensions.Add("Partitioned");
        }));

        var cookie = (await app.AttachAsync()).Header("Set-Cookie")!;

        Assert.Matches("^key=[A-Za-z0-9_-]{22}; max-age=86400; path=/app; secure; samesite=none; httponly; Partitioned$", cookie);
    }

    [Theory]
    [InlineData("none without secure", "SameSite None")]
    [InlineData("partitioned without secure", "Partitioned")]
    [InlineData("readable", "HttpOnly")]
    [InlineData("name", "cookie name")]
    [InlineData("host", "__Host-")]
    public async Task A_cookie_that_browsers_refuse_is_refused_at_start(string fault, string named)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => SessionApp.StartAsync(setup => setup.Sessions = builder =>
            builder.ConfigureBrowserCookie(cookie =>
            {
                (cookie.SameSite, cookie.HttpOnly) = (fault.StartsWith("none", StringComparison.Ordinal) ? SameSiteMode.None : SameSiteMode.Lax, fault != "readable");
                cookie.Name = fault switch { "name" => "a b", "host" => "__Host-key", _ => "key" };
                if (fault.StartsWith("partitioned", StringComparison.Ordinal))
                {
                    cookie.Extensions.Add("Partitioned");
                }
            })));

        Assert.Contains(named, Assert.Single(refused.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_without_the_key_or_with_another_is_refused_and_the_session_left_alone()
    {
        await using var app = await StartAsync();
        var owner = await Visitor.ArriveAsync(app);
        var clocks = (await owner.SessionAsync())!;
        var before = (clocks.LastActivity, clocks.LastSignal, clocks.OpenPages);
        app.Time.Advance(TimeSpan.FromMinutes(1));

        foreach (var key in new[] { null, "AAAAAAAAAAAAAAAAAAAAAQ", "nonsense", "", "AAAAAAAAAAAAAAAAAAAAAA" })
        {
            var thief = new Visitor(app) { Id = owner.Id, Key = key, TakesCookies = false };
            (await thief.StatusAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
            (await thief.PingAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
            (await thief.ActivityAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
            (await thief.ExitAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
            (await app.DetachByBeaconAsync(owner.Id!)).Is(HttpStatusCode.NoContent);
            Assert.Equal("<!DOCTYPE html>", (await app.CallAsync(HttpMethod.Get, "/stretch", owner.Id)).Is(HttpStatusCode.OK).Text[..15]);
            var required = await thief.GetAsync("/required");
            required.IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
            Assert.Equal("refused", required.Header("X-Session-State"));
            var plain = await thief.GetAsync("/plain");
            Assert.Equal(("none", "refused"), (plain.Is(HttpStatusCode.OK).Text, plain.Header("X-Session-State")));
        }

        Assert.Equal(before, (clocks.LastActivity, clocks.LastSignal, clocks.OpenPages));
        (await owner.PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Who_is_refused_and_attaches_gets_a_session_of_its_own()
    {
        await using var app = await StartAsync();
        var owner = await Visitor.ArriveAsync(app);
        var other = new Visitor(app) { Id = owner.Id };

        var answer = (await other.AttachAsync()).Is(HttpStatusCode.Created);

        Assert.Equal("restarted", answer.String("outcome"));
        Assert.Equal("""{"state":"refused","reason":null}""", answer["previous"].GetRawText());
        Assert.NotEqual(owner.Id, other.Id);
        (await other.PingAsync()).Is(HttpStatusCode.OK);
        (await owner.PingAsync()).Is(HttpStatusCode.OK);
        Assert.Equal(2, app.Sessions.Count);
    }

    [Fact]
    public async Task A_key_the_browser_has_is_adopted_and_never_replaced()
    {
        await using var app = await StartAsync();
        var browser = await Visitor.ArriveAsync(app);
        var key = browser.Key;
        var other = new Visitor(app) { Key = key };
        var own = new Visitor(app) { Key = "bm90IG91cnMgYnV0IGZpbg" };

        Assert.Contains($"Browser={key};", (await other.AttachAsync()).Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Contains($"Browser={key};", (await other.AttachAsync("again")).Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Contains("Browser=bm90IG91cnMgYnV0IGZpbg;", (await own.AttachAsync()).Header("Set-Cookie"), StringComparison.Ordinal);

        Assert.Equal((await browser.SessionAsync())!.BrowserId, (await other.SessionAsync())!.BrowserId);
        Assert.NotEqual((await browser.SessionAsync())!.BrowserId, (await own.SessionAsync())!.BrowserId);
    }

    [Fact]
    public async Task Tabs_that_open_together_in_a_new_browser_end_up_with_one_key()
    {
        await using var app = await StartAsync();
        var tabs = new Visitor[] { new(app), new(app), new(app) };
        foreach (var tab in tabs)
        {
            await tab.AttachAsync();
        }

        // A browser has one cookie of a name: the one that was set last.
        Array.ForEach(tabs, tab => tab.Key = tabs[2].Key);

        Assert.All(await Task.WhenAll(tabs.Select(tab => tab.PingAsync())), answer => answer.Is(HttpStatusCode.OK));
        var browser = (await tabs[0].SessionAsync())!.BrowserId!;
        Assert.Equal(3, (await app.Sessions.ListAsync(new SessionQuery { BrowserId = browser })).Count);
    }

    [Fact]
    public async Task Of_several_cookies_of_one_name_one_has_to_fit()
    {
        await using var app = await StartAsync();
        var owner = await Visitor.ArriveAsync(app);

        var answer = await app.PingAsync(owner.Id, with: request => request.Headers.Add(
            "Cookie",
            $"{Visitor.CookieName}=AAAAAAAAAAAAAAAAAAAAAQ; x=y; {Visitor.CookieName}=\"{owner.Key}\""));

        answer.Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Where_cookies_never_come_it_works_unbound_and_is_counted()
    {
        await using var app = await StartAsync();
        using var counts = new MetricCounts(app);
        var visitor = new Visitor(app) { TakesCookies = false };
        await visitor.AttachAsync();

        (await visitor.PingAsync()).Is(HttpStatusCode.OK);
        (await visitor.GetAsync("/plain")).Is(HttpStatusCode.OK);

        Assert.Null((await visitor.SessionAsync())!.BrowserId);
        Assert.Equal(3, counts["sessionlifetime.requests.unbound"]);
    }

    [Fact]
    public async Task Where_it_is_required_a_request_without_a_key_is_refused()
    {
        await using var app = await StartAsync(setup => setup.Options = static options => options.BrowserBinding = BrowserBinding.Required);
        var without = new Visitor(app) { TakesCookies = false };
        await without.AttachAsync();

        (await without.PingAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
        (await (await Visitor.ArriveAsync(app)).PingAsync()).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Where_it_is_required_a_page_without_cookies_is_not_given_one_session_after_the_other()
    {
        await using var app = await StartAsync(setup => setup.Options = static options => options.BrowserBinding = BrowserBinding.Required);
        var without = new Visitor(app) { TakesCookies = false };
        await without.AttachAsync();

        (await without.AttachAsync()).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");

        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task A_key_is_handed_to_nobody_who_does_not_have_it()
    {
        TaskCompletionSource inside = new(TaskCreationOptions.RunContinuationsAsynchronously), go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var app = await StartAsync(setup => setup.Sessions = builder => builder.OnSessionResumed(async (_, _) =>
        {
            inside.TrySetResult();
            await go.Task;
        }));
        var owner = new Visitor(app) { TakesCookies = false };
        await owner.AttachAsync();

        // A thief attaches while it is nobody's, and is still waiting when it becomes somebody's.
        var thief = new Visitor(app) { Id = owner.Id }.AttachAsync("thief");
        await inside.Task;
        owner.Key = "bm90IG91cnMgYnV0IGZpbg";
        (await owner.PingAsync()).Is(HttpStatusCode.OK);
        go.SetResult();

        Assert.Null((await thief).Header("Set-Cookie"));
    }

    [Fact]
    public async Task Where_it_is_off_no_cookie_is_set_and_none_is_asked_for()
    {
        await using var app = await StartAsync(setup => setup.Options = static options => options.BrowserBinding = BrowserBinding.Off);
        var visitor = new Visitor(app) { Key = "bm90IG91cnMgYnV0IGZpbg" };

        Assert.Null((await visitor.AttachAsync()).Header("Set-Cookie"));

        Assert.Null((await visitor.SessionAsync())!.BrowserId);
        (await new Visitor(app) { Id = visitor.Id }.PingAsync()).Is(HttpStatusCode.OK);
        Assert.Contains(app.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("BrowserBinding is Off", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_prefetch_binds_nothing()
    {
        await using var app = await StartAsync();
        var visitor = new Visitor(app) { TakesCookies = false };
        await visitor.AttachAsync();
        visitor.Key = "bm90IG91cnMgYnV0IGZpbg";

        await visitor.GetAsync("/plain", request => request.Headers.Add("Sec-Purpose", "prefetch"));

        visitor.Key = null;
        Assert.Null((await visitor.SessionAsync())!.BrowserId);
    }

    [Fact]
    public async Task Refusals_are_counted_by_cause()
    {
        await using var app = await StartAsync();
        using var counts = new MetricCounts(app);
        var owner = await Visitor.ArriveAsync(app);

        await app.PingAsync(owner.Id);
        await app.GetAsync("/plain", owner.Id);

        Assert.Equal(2, counts["sessionlifetime.refused cause=wrongBrowser"]);
    }

    [Fact]
    public async Task A_cookie_by_plain_http_outside_development_is_warned_of_once()
    {
        await using var app = await StartAsync();
        await app.AttachAsync();
        await app.AttachAsync();

        Assert.Single(app.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("without Secure", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Shared_storage_is_warned_of_once()
    {
        await using var app = await StartAsync();
        (await app.PostAsync("/attach", null, """{"page":"p","shared":true}""")).Is(HttpStatusCode.Created);
        (await app.PostAsync("/attach", null, """{"page":"p","shared":true}""")).Is(HttpStatusCode.Created);
        (await app.PostAsync("/attach", null, """{"page":"p","shared":1}""")).IsProblem(HttpStatusCode.BadRequest, "badBody");

        Assert.Single(app.Log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("localStorage", StringComparison.Ordinal));
    }

    private static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Map = static web =>
        {
            web.MapGet("/plain", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
            web.MapGet("/required", static () => "in").RequireTabSession();
        };
        configure?.Invoke(setup);
    });
}
