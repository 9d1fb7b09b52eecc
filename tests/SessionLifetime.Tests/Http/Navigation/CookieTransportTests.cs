using System.Net;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>The id in a cookie, for browsers without script; and where a browser is sent whose session has ended.</summary>
public sealed class CookieTransportTests
{
    private const string Cookie = "SessionLifetime.Session";

    [Fact]
    public async Task One_session_is_the_browser_s_over_every_request_and_its_cookie_is_seen_by_no_script()
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);

        var first = await surfer.OpenAsync("/page");

        Assert.Matches("SessionLifetime\\.Session=[\\w-]{22}; path=/; samesite=lax; httponly", first.Header("Set-Cookie"));
        Assert.Equal("no-store", first.Header("Cache-Control"));
        var session = StartedPageTests.Shown(first);
        Assert.Equal(session, StartedPageTests.Shown(await surfer.OpenAsync("/page")));
        Assert.Equal(session, StartedPageTests.Shown(await surfer.NavigateAsync(HttpMethod.Post, "/post")));
        Assert.DoesNotContain(surfer.Cookies[Cookie], first.Text, StringComparison.Ordinal);
        Assert.Contains("<noscript><iframe src=\"/_session/stretch\" title=\"Keep-alive\" hidden></iframe></noscript>", first.Text, StringComparison.Ordinal);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task The_header_wins_over_the_cookie_and_so_does_a_token()
    {
        await using var app = await StartAsync(relays: true);
        var surfer = new Surfer(app);
        var byCookie = StartedPageTests.Shown(await surfer.OpenAsync("/page"));
        var cookie = surfer.Cookies[Cookie];
        var own = (await surfer.AttachAsync()).String("session");
        (await surfer.CallAsync("/ping")).Is(HttpStatusCode.OK);
        surfer.Cookies[Cookie] = cookie;
        Assert.NotEqual(byCookie, own);

        Assert.Equal(own, StartedPageTests.Shown(await app.GetAsync("/page", surfer.Id, surfer.Dress)));
        await surfer.LeaveAsync();
        Assert.Equal(own, StartedPageTests.Shown(await surfer.OpenAsync("/page")));

        // Another tab has neither session.
        Assert.DoesNotContain(StartedPageTests.Shown(await surfer.OpenAsync("/page")), new[] { own, byCookie });
    }

    [Fact]
    public async Task What_a_frame_shows_is_stored_nowhere_either()
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        var session = StartedPageTests.Shown(await surfer.OpenAsync("/page"));

        var frame = await surfer.OpenAsync("/page", static request =>
        {
            request.Headers.Remove("Sec-Fetch-Dest");
            request.Headers.Add("Sec-Fetch-Dest", "iframe");
        });

        Assert.Equal(session, StartedPageTests.Shown(frame));
        Assert.Equal("no-store", frame.Header("Cache-Control"));
    }

    [Theory]
    [InlineData("Accept", "text/event-stream")]
    [InlineData("Upgrade", "websocket")]
    public async Task A_connection_that_another_site_opens_is_not_led_by_the_cookie(string header, string value)
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        var session = StartedPageTests.Shown(await surfer.OpenAsync("/page"));

        Assert.Equal("", await OpenAsync("Sec-Fetch-Site", "same-site"));
        Assert.Equal("", await OpenAsync("Origin", "https://evil.example.com"));
        Assert.Equal("", await OpenAsync("Origin", "null"));
        Assert.Equal(session, await OpenAsync("Origin", "http://localhost"));
        Assert.Equal(session, await OpenAsync("Sec-Fetch-Site", "same-origin"));

        async Task<string> OpenAsync(string whoseHeader, string whose) => StartedPageTests.Shown(await app.GetAsync("/page", id: null, request =>
        {
            surfer.Dress(request);
            request.Headers.Add(whoseHeader, whose);
            request.Headers.TryAddWithoutValidation(header, value);
        }));
    }

    [Fact]
    public async Task Where_tabs_are_told_apart_the_module_takes_the_session_out_of_the_cookie()
    {
        await using var app = await StartAsync(relays: true);
        var surfer = new Surfer(app);
        var page = await surfer.OpenAsync("/page");
        var id = surfer.Cookies[Cookie];

        Assert.Equal(StartedPageTests.Shown(page), (await surfer.AttachAsync(StartedPageTests.HandOver(page))).String("session"));
        Assert.Equal(id, surfer.Id);
        Assert.DoesNotContain(Cookie, surfer.Cookies.Keys);
    }

    [Fact]
    public async Task A_relay_cookie_that_another_site_of_the_domain_has_planted_is_as_if_it_were_not_there()
    {
        await using var app = await StartAsync(relays: true);
        var surfer = new Surfer(app);
        var own = StartedPageTests.Shown(await surfer.OpenAsync("/page"));
        surfer.Cookies[RelayCookie.Prefix + "x"] = "AAAAAAAAAAAAAAAAAAAAAA~1~0";

        Assert.Equal(own, StartedPageTests.Shown(await surfer.OpenAsync("/page")));
        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task A_tab_with_a_session_of_its_own_is_not_led_astray_by_the_session_of_a_page_that_came_without_it()
    {
        await using var app = await StartAsync(relays: true);
        var surfer = await Surfer.ArriveAsync(app);
        var own = surfer.Id;
        var page = await surfer.OpenAsync("/page");
        var stray = surfer.Cookies[Cookie];
        Assert.NotEqual(own, stray);

        Assert.Equal("resumed", (await surfer.AttachAsync(StartedPageTests.HandOver(page))).Is(HttpStatusCode.OK).String("outcome"));
        Assert.DoesNotContain(Cookie, surfer.Cookies.Keys);

        // What is left of the other ends soon; nobody is told of it.
        (await app.PostAsync("/exit", stray, body: null, surfer.Dress)).Is(HttpStatusCode.NoContent);
        Assert.Equal(HttpStatusCode.OK, (await surfer.OpenAsync("/page")).Status);
        (await surfer.CallAsync("/ping")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_tab_whose_session_was_taken_by_another_leaves_the_cookie_too()
    {
        await using var app = await StartAsync(relays: true);
        var surfer = new Surfer(app);
        var page = await surfer.OpenAsync("/page");
        await surfer.AttachAsync(StartedPageTests.HandOver(page));
        page = await surfer.OpenAsync("/page");
        surfer.Id = null;

        Assert.Equal("created", (await surfer.AttachAsync()).Is(HttpStatusCode.Created).String("outcome"));
        Assert.DoesNotContain(Cookie, surfer.Cookies.Keys);
    }

    [Fact]
    public async Task Where_they_are_not_every_tab_takes_over_the_browser_s_session()
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        for (var tab = 0; tab < 2; tab++)
        {
            var page = await surfer.OpenAsync("/page");
            surfer.Id = null;
            Assert.Equal(StartedPageTests.Shown(page), (await surfer.AttachAsync(StartedPageTests.HandOver(page), $"page{tab}")).String("session"));
        }

        Assert.Contains(Cookie, surfer.Cookies.Keys);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Theory]
    [InlineData("same-origin", null, true)]
    [InlineData("cross-site", null, false)]
    [InlineData("same-site", "http://localhost", false)]
    [InlineData("none", null, false)]
    [InlineData(null, "http://localhost", true)]
    [InlineData(null, "http://sub.localhost", false)]
    [InlineData(null, "null", false)]
    [InlineData(null, null, false)]
    public async Task A_call_that_changes_state_heeds_the_cookie_only_from_a_page_of_ours(string? site, string? origin, bool isHeeded)
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        await surfer.OpenAsync("/page");

        foreach (var call in new[] { "/ping", "/activity", "/exit" })
        {
            var answer = await app.PostAsync(call, id: null, body: null, request =>
            {
                surfer.Dress(request);
                Say(request);
            });
            if (isHeeded)
            {
                Assert.True((int)answer.Status < 300);
            }
            else
            {
                answer.IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
            }
        }

        Assert.Equal(isHeeded ? 0 : 1, app.Sessions.Count);

        void Say(HttpRequestMessage request)
        {
            if (site is not null)
            {
                request.Headers.Add("Sec-Fetch-Site", site);
            }

            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }
        }
    }

    [Theory]
    [InlineData("same-origin", true)]
    [InlineData(null, true)]
    [InlineData("same-site", false)]
    [InlineData("cross-site", false)]
    [InlineData("none", false)]
    public async Task Only_a_frame_of_ours_stretches(string? site, bool stretches)
    {
        await using var app = await StartAsync(setup => setup.Options = options => options.StretchInterval = TimeSpan.FromSeconds(30));
        var surfer = new Surfer(app);
        await surfer.OpenAsync("/page");
        var page = await app.CallAsync(HttpMethod.Get, "/stretch", id: null, with: request =>
        {
            surfer.Dress(request);
            request.Headers.Add("Sec-Fetch-Dest", "iframe");
            if (site is not null)
            {
                request.Headers.Add("Sec-Fetch-Site", site);
            }
        });

        Assert.Equal(stretches, page.Text.Contains("""content="30">""", StringComparison.Ordinal));
        Assert.Equal("SAMEORIGIN", page.Header("X-Frame-Options"));
        Assert.Contains("frame-ancestors 'self'", page.Header("Content-Security-Policy"), StringComparison.Ordinal);
        Assert.DoesNotContain(surfer.Cookies[Cookie], page.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("malformed")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("")]
    [InlineData("\"AAAAAAAAAAAAAAAAAAAAAA\"")]
    public async Task An_id_that_is_none_is_taken_away_and_a_page_that_starts_sessions_starts_one(string id)
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        surfer.Cookies[Cookie] = id;
        (await surfer.OpenAsync("/strict")).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        Assert.DoesNotContain(Cookie, surfer.Cookies.Keys);

        surfer.Cookies[Cookie] = id;
        Assert.NotEmpty(StartedPageTests.Shown(await surfer.OpenAsync("/page")));
        Assert.NotEqual(id, surfer.Cookies[Cookie]);
    }

    [Fact]
    public async Task Sign_in_puts_a_new_id_into_the_cookie_and_the_old_one_runs_out()
    {
        await using var app = await StartAsync();
        var surfer = new Surfer(app);
        await surfer.OpenAsync("/page");
        var before = surfer.Cookies[Cookie];
        surfer.User = "ada";

        var page = await surfer.OpenAsync("/page");

        Assert.NotEqual(before, surfer.Cookies[Cookie]);
        Assert.Null(page.Header("X-Session-Id"));
        Assert.Equal(StartedPageTests.Shown(page), StartedPageTests.Shown(await surfer.OpenAsync("/page")));
        app.Time.Advance(TimeSpan.FromSeconds(31));
        surfer.Cookies[Cookie] = before;
        (await surfer.OpenAsync("/strict")).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
    }

    [Fact]
    public async Task A_stolen_cookie_is_worth_nothing_elsewhere_and_nothing_is_taken_away_from_its_browser()
    {
        await using var app = await StartAsync();
        var (victim, thief) = (new Surfer(app), await Surfer.ArriveAsync(app));
        await victim.OpenAsync("/page");
        await victim.OpenAsync("/page");
        thief.Cookies[Cookie] = victim.Cookies[Cookie];

        (await thief.OpenAsync("/strict")).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
        (await victim.OpenAsync("/strict")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_page_whose_session_has_ended_leads_to_the_landing_page_which_starts_none()
    {
        await using var app = await StartAsync(setup => setup.Options = options => options.ExpiredPath = "/expired here");
        var surfer = new Surfer(app);
        await surfer.OpenAsync("/page");
        app.Time.Advance(TimeSpan.FromHours(1));
        var cookie = surfer.Cookies[Cookie];

        var answer = (await surfer.OpenAsync("/page?x=1")).Is(HttpStatusCode.SeeOther);

        Assert.Equal(("/expired%20here", "no-store"), (answer.Header("Location"), answer.Header("Cache-Control")));
        Assert.DoesNotContain(Cookie, surfer.Cookies.Keys);
        surfer.Cookies[Cookie] = cookie;
        Assert.Equal("expired", (await surfer.OpenAsync("/expired here")).Is(HttpStatusCode.OK).Text);
        Assert.Equal(0, app.Sessions.Count);

        // An id that was forgotten in the meantime, a form that needs its session, one that does not, and a request of script.
        app.Time.Advance(TimeSpan.FromHours(1));
        surfer.Cookies[Cookie] = cookie;
        (await surfer.OpenAsync("/page")).Is(HttpStatusCode.SeeOther);
        surfer.Cookies[Cookie] = cookie;
        (await surfer.NavigateAsync(HttpMethod.Post, "/strict")).Is(HttpStatusCode.SeeOther);
        surfer.Cookies[Cookie] = cookie;
        Assert.Equal("", StartedPageTests.Shown((await surfer.NavigateAsync(HttpMethod.Post, "/post")).Is(HttpStatusCode.OK)));
        surfer.Cookies[Cookie] = cookie;
        (await app.GetAsync("/strict", id: null, surfer.Dress)).Is(HttpStatusCode.NotFound);
        Assert.NotEmpty(StartedPageTests.Shown(await new Surfer(app).OpenAsync("/page")));
    }

    [Fact]
    public async Task The_landing_page_is_found_under_the_path_base_and_by_tabs_whose_session_has_ended()
    {
        await using var app = await StartAsync(
            setup =>
            {
                setup.Options = options => options.ExpiredPath = "/expired";
                setup.Before = static web => web.UsePathBase("/shop");
            },
            relays: true);
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        await surfer.LeaveAsync();
        await surfer.CallAsync("/exit");
        Assert.Equal("/shop/expired", (await surfer.OpenAsync("/shop/page")).Is(HttpStatusCode.SeeOther).Header("Location"));
        var mark = $"ended.Exited.{session}.{app.Time.GetUtcNow().ToUnixTimeSeconds()}~1~0";
        surfer.Cookies[RelayCookie.Prefix + "x"] = mark;
        Assert.Equal("/expired", (await surfer.OpenAsync("/page")).Is(HttpStatusCode.SeeOther).Header("Location"));
        surfer.Cookies[RelayCookie.Prefix + "x"] = mark;
        Assert.Equal("expired", (await surfer.OpenAsync("/expired")).Text);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task The_cookie_is_for_its_path_base_and_goes_when_its_request_ends_the_session()
    {
        await using var app = await StartAsync(static setup => setup.Before = static web => web.UsePathBase("/shop"));
        var surfer = new Surfer(app);
        Assert.Contains("path=/shop", (await surfer.OpenAsync("/shop/page")).Header("Set-Cookie"), StringComparison.Ordinal);

        var answer = (await surfer.NavigateAsync(HttpMethod.Post, "/shop/leave")).Is(HttpStatusCode.SeeOther);

        Assert.StartsWith("SessionLifetime.Session=; expires=Thu, 01 Jan 1970 00:00:00 GMT; path=/shop;", answer.Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Theory]
    [InlineData("SameSite must be Lax or Strict")]
    [InlineData("must be HttpOnly")]
    [InlineData("Name must be a cookie name")]
    [InlineData("must differ from the browser cookie's")]
    public void A_cookie_that_would_not_be_safe_is_refused(string fault)
    {
        var options = new TransportCookieOptions();
        var validator = new TransportCookieOptionsValidator(Options.Create(new BrowserCookieOptions()));
        Assert.True(validator.Validate(null, options).Succeeded);
        (options.Cookie.SameSite, options.Cookie.SecurePolicy) = (SameSiteMode.None, CookieSecurePolicy.Always);
        options.Cookie.HttpOnly = false;
        options.Cookie.Name = fault.StartsWith("Name", StringComparison.Ordinal) ? "a b" : "SessionLifetime.Browser";

        Assert.Contains(validator.Validate(null, options).Failures!, failure => failure.Contains(fault, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_form_acts_in_the_session_its_page_was_rendered_for_or_not_at_all()
    {
        await using var app = await StartAsync(relays: true);
        var surfer = new Surfer(app);
        var page = await surfer.OpenAsync("/form");
        Assert.Equal("posted", (await PostAsync()).Text);

        // Another tab's session, as if both had navigated at the same instant.
        var cookie = surfer.Cookies[Cookie];
        surfer.Cookies.Remove(Cookie);
        await surfer.OpenAsync("/page");
        Assert.NotEqual(cookie, surfer.Cookies[Cookie]);
        Assert.Equal("refused", (await PostAsync()).Text);
        surfer.Cookies.Remove(Cookie);
        Assert.Equal("refused", (await PostAsync()).Text);
        var told = Assert.Single(app.Log.Lines, static line => line.Level == LogLevel.Warning && line.Text.StartsWith("A form to ", StringComparison.Ordinal)).Text;
        Assert.Contains("/form was refused: its antiforgery token was made for session", told, StringComparison.Ordinal);

        // The form outlived its session: that is no swap.
        foreach (var session in await app.Sessions.ListAsync())
        {
            await app.Sessions.EndAsync(session.Id);
        }

        await surfer.OpenAsync("/page");
        Assert.Equal("posted", (await PostAsync()).Text);

        Task<Answer> PostAsync() => surfer.NavigateAsync(HttpMethod.Post, "/form", body: page.Text);
    }

    [Fact]
    public async Task An_app_s_own_data_in_antiforgery_tokens_is_left_alone()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IAntiforgeryAdditionalDataProvider, OwnData>();
        services.AddSessionLifetime().AddNavigationRelay();
        services.AddLogging().AddAntiforgery();
        await using var provider = services.BuildServiceProvider();
        Assert.IsType<OwnData>(provider.GetRequiredService<IAntiforgeryAdditionalDataProvider>());

        var after = new ServiceCollection();
        after.AddLogging().AddAntiforgery();
        after.AddSessionLifetime().AddNavigationRelay();
        Assert.Equal(typeof(TabAntiforgery), Assert.Single(after, static service => service.ServiceType == typeof(IAntiforgeryAdditionalDataProvider)).ImplementationType);
    }

    private static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null, bool relays = false) => SessionApp.StartAsync(setup =>
    {
        setup.Sessions = sessions => _ = relays ? sessions.AddCookieTransport().AddNavigationRelay() : sessions.AddCookieTransport();
        setup.Services = static builder => builder.Services.AddAntiforgery();
        setup.Before = Visitor.UseTestUsers;
        setup.Map = static web =>
        {
            web.MapGet("/page", static (HttpContext context) => StartedPageTests.Render(context)).StartTabSession();
            web.MapPost("/post", static (HttpContext context) => StartedPageTests.Render(context));
            web.MapMethods("/strict", ["GET", "POST"], static () => "strict").RequireTabSession();
            web.MapGet("/expired", static () => "expired").StartTabSession();
            web.MapGet("/expired here", static () => "expired").StartTabSession();
            web.MapPost("/leave", static (HttpContext context) => context.ExitAndRedirectAsync("/bye"));
            web.MapGet("/form", static (HttpContext context, IAntiforgery antiforgery) =>
            {
                var tokens = antiforgery.GetAndStoreTokens(context);
                return $"{tokens.FormFieldName}={Uri.EscapeDataString(tokens.RequestToken!)}";
            }).StartTabSession();
            web.MapPost("/form", static async (HttpContext context, IAntiforgery antiforgery) =>
                await antiforgery.IsRequestValidAsync(context) ? "posted" : "refused");
        };
        configure?.Invoke(setup);
    });

    private sealed class OwnData : IAntiforgeryAdditionalDataProvider
    {
        public string GetAdditionalData(HttpContext context) => "own";

        public bool ValidateAdditionalData(HttpContext context, string additionalData) => true;
    }
}
