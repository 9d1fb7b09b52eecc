using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Entries;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>A one-time token in a cookie leads one navigation to the session of its tab.</summary>
public sealed class NavigationRelayTests
{
    [Fact]
    public async Task A_token_leads_one_navigation_to_its_session_and_the_answer_takes_it_away()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        app.Time.Advance(TimeSpan.FromMinutes(5));
        var token = await surfer.LeaveAsync();
        var cookie = surfer.Cookies[surfer.RelayName!];

        var page = (await surfer.OpenAsync("/page")).Is(HttpStatusCode.OK);

        Assert.Equal(session, page.Text);
        Assert.Equal("no-store", page.Header("Cache-Control"));
        Assert.Null(page.Header("X-Session-Id"));
        Assert.Matches("^SessionLifetime\\.Relay\\.page=; max-age=0; path=/; samesite=strict$", page.Header("Set-Cookie"));
        Assert.Null(surfer.RelayName);
        Assert.Equal(TimeSpan.Zero, (await app.Sessions.FindAsync(session!))!.LastActivity - app.Time.GetUtcNow());

        // Again, by whoever has kept it.
        surfer.Cookies[RelayCookie.Prefix + "page"] = cookie;
        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);
        Assert.Null(surfer.RelayName);
        Assert.Equal(22, token.Length);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task A_stolen_token_is_worth_nothing_in_another_browser_and_everything_still_in_its_own()
    {
        await using var app = await StartAsync();
        var (victim, thief) = (await Surfer.ArriveAsync(app), await Surfer.ArriveAsync(app));
        await victim.LeaveAsync();
        thief.Cookies[victim.RelayName!] = victim.Cookies[victim.RelayName!];

        Assert.Equal("none", (await thief.OpenAsync("/page")).Text);
        var nobody = new Surfer(app);
        nobody.Cookies[victim.RelayName!] = victim.Cookies[victim.RelayName!];
        Assert.Equal("none", (await nobody.OpenAsync("/page")).Text);

        Assert.NotEqual("none", (await victim.OpenAsync("/page")).Text);
    }

    [Fact]
    public async Task A_token_of_another_user_is_refused()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app, user: "ada");
        await surfer.LeaveAsync();
        surfer.User = "grace";

        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);
        surfer.User = "ada";
        await surfer.LeaveAsync();
        surfer.User = "grace";
        (await surfer.OpenAsync("/strict")).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
    }

    [Theory]
    [InlineData("cors", "empty")]
    [InlineData("no-cors", "image")]
    [InlineData("navigate", "iframe")]
    public async Task Only_a_document_of_its_own_uses_a_token(string mode, string destination)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();

        Assert.Equal("none", (await surfer.OpenAsync("/page", request =>
        {
            request.Headers.Remove("Sec-Fetch-Mode");
            request.Headers.Remove("Sec-Fetch-Dest");
            request.Headers.Add("Sec-Fetch-Mode", mode);
            request.Headers.Add("Sec-Fetch-Dest", destination);
        })).Text);
        Assert.NotEqual("none", (await surfer.OpenAsync("/page")).Text);
    }

    [Fact]
    public async Task A_download_and_what_it_is_redirected_to_have_the_session_of_the_tab_and_start_none()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var own = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        await surfer.LeaveAsync();
        Assert.Equal(own, (await surfer.OpenAsync((await surfer.OpenAsync("/redirect?to=/page", Download)).Header("Location")!, Download)).Text);
        surfer.Site = "none";
        Assert.Equal("none", (await surfer.OpenAsync("/page", Download)).Text);

        static void Download(HttpRequestMessage request)
        {
            request.Headers.Remove("Sec-Fetch-Dest");
            request.Headers.Add("Sec-Fetch-Dest", "empty");
        }
    }

    [Theory]
    [InlineData("POST", "same-site", null, false)]
    [InlineData("POST", "cross-site", null, false)]
    [InlineData("POST", null, "http://evil.localhost", false)]
    [InlineData("POST", "same-origin", null, true)]
    [InlineData("POST", "none", null, true)]
    [InlineData("POST", null, null, true)]
    [InlineData("POST", null, "null", true)]
    [InlineData("POST", null, "http://localhost", true)]
    [InlineData("GET", "same-site", null, true)]
    public async Task A_form_of_another_site_uses_no_token_and_who_comes_back_from_a_sign_in_there_does(string method, string? site, string? origin, bool uses)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();

        var page = await surfer.NavigateAsync(new HttpMethod(method), "/any", request =>
        {
            request.Headers.Remove("Sec-Fetch-Site");
            if (site is null)
            {
                request.Headers.Remove("Sec-Fetch-Mode");
            }
            else
            {
                request.Headers.Add("Sec-Fetch-Site", site);
            }

            if (origin is not null)
            {
                request.Headers.Add("Origin", origin);
            }
        });

        Assert.Equal(uses, page.Text != "none");
        Assert.Equal(uses, surfer.RelayName is null);
    }

    [Fact]
    public async Task A_prefetch_uses_no_token_and_plain_http_without_Sec_Fetch_does()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();
        Assert.Equal("none", (await surfer.OpenAsync("/page", static request => request.Headers.Add("Sec-Purpose", "prefetch"))).Text);

        var intranet = new Surfer(app) { SaysSecFetch = false, Id = surfer.Id };
        foreach (var (name, value) in surfer.Cookies)
        {
            intranet.Cookies.Add(name, value);
        }

        Assert.NotEqual("none", (await intranet.OpenAsync("/page")).Text);
    }

    [Fact]
    public async Task A_redirect_after_a_post_and_a_chain_of_redirects_keep_the_session()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();

        var posted = (await surfer.NavigateAsync(HttpMethod.Post, "/post")).Is(HttpStatusCode.Redirect);

        Assert.Contains("SessionLifetime.Relay.page=; max-age=0", posted.Header("Set-Cookie"), StringComparison.Ordinal);
        Assert.Matches("SessionLifetime\\.Relay\\.[\\w-]{11}=[\\w-]{22}~\\d+~[0-9a-f]+; max-age=5; path=/; samesite=strict", posted.Header("Set-Cookie"));
        Assert.NotEqual("none", (await surfer.FollowAsync(posted)).Text);
        Assert.Null(surfer.RelayName);
    }

    [Theory]
    [InlineData("https://example.com/page", false)]
    [InlineData("//example.com/page", false)]
    [InlineData("/\\example.com/page", false)]
    [InlineData("http://localhost.example.com/page", false)]
    [InlineData("http://localhost@example.com/", false)]
    [InlineData("http://localhost/page", true)]
    [InlineData("page?x=1", true)]
    [InlineData("/page#there", true)]
    public async Task A_redirect_takes_a_token_along_only_where_it_stays_here(string location, bool stays)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();

        await surfer.OpenAsync("/redirect?to=" + Uri.EscapeDataString(location));

        Assert.Equal(stays, surfer.RelayName is not null);
    }

    /// <summary>The browser asks for what it makes of the text: resolved, and encoded.</summary>
    [Theory]
    [InlineData("?to=/home", "/resolve?to=/home", true)]
    [InlineData("/page?q=a b", "/page?q=a%20b", false)]
    [InlineData("/page?q='x'", "/page?q=%27x%27", false)]
    [InlineData("/page?q=\"x\"", "/page?q=%22x%22", false)]
    [InlineData("\\page", "/page", false)]
    [InlineData("/page?q=/x", "/page?q=/x", true)]
    [InlineData("./page?q=1", "/page?q=1", true)]
    [InlineData("page", "/page", true)]
    [InlineData("/page?", "/page?", true)]
    [InlineData("/other/../page#there", "/page", true)]
    [InlineData("/page/.", "/page/", false)]
    [InlineData("/page/x/%2E%2e", "/page/", false)]
    [InlineData("http://localhost", "/", false)]
    [InlineData("http://localhost?q=1", "/?q=1", true)]
    [InlineData("http://localhost/page?q=1", "/page?q=1", true)]
    public async Task A_redirects_token_is_for_what_the_browser_asks_for(string location, string asked, bool isKnown)
    {
        await using var app = await StartAsync(setup => setup.Map = static web => web.Map("/{**rest}", static (HttpContext context, string? go) =>
            go is null ? Results.Text(context.GetTabSession()?.Id ?? "none") : Results.Redirect(go)));
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();

        Assert.Equal(HttpStatusCode.Redirect, (await surfer.OpenAsync("/resolve?go=" + Uri.EscapeDataString(location))).Status);
        Assert.Equal(isKnown, !surfer.Cookies[surfer.RelayName!].EndsWith("~0", StringComparison.Ordinal));
        Assert.NotEqual("none", (await surfer.OpenAsync(asked)).Text);
        Assert.Null(surfer.RelayName);
    }

    /// <summary>To the sign-in page, by an authorization that stands before us: the token is not spent, and follows.</summary>
    [Theory]
    [InlineData("/page?ReturnUrl=%2Fmembers", true)]
    [InlineData("http://localhost/page", true)]
    [InlineData("https://example.com/page", false)]
    public async Task A_redirect_made_before_the_request_comes_to_us_takes_the_token_along(string location, bool stays)
    {
        await using var app = await StartAsync(setup => setup.Before = app => app.Use((context, next) =>
        {
            if (context.Request.Path == "/members")
            {
                context.Response.Redirect(location);
                return Task.CompletedTask;
            }

            return next(context);
        }));
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync(target: "/members");
        var before = surfer.Cookies[surfer.RelayName!];

        var sent = (await surfer.OpenAsync("/members")).Is(HttpStatusCode.Redirect);

        Assert.Equal(stays, surfer.Cookies[surfer.RelayName!] != before);
        if (stays)
        {
            Assert.NotEqual("none", (await surfer.OpenAsync(location.Replace("http://localhost", "", StringComparison.Ordinal))).Text);
            Assert.Null(surfer.RelayName);
        }
    }

    /// <summary>By then the app has taken its path base back; the cookie says what it is for.</summary>
    [Fact]
    public async Task Under_a_path_base_the_cookie_of_such_a_redirect_takes_the_place_of_the_pages_own()
    {
        await using var app = await StartAsync(setup => setup.Before = static web =>
        {
            web.UsePathBase("/app");
            web.Use(static (context, next) =>
            {
                if (context.Request.Path == "/members")
                {
                    context.Response.Redirect("/app/page");
                    return Task.CompletedTask;
                }

                return next(context);
            });
            web.UseRouting();
        });
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync(target: "/app/members");
        surfer.Cookies[surfer.RelayName!] += "~%2Fapp";

        var sent = (await surfer.OpenAsync("/app/members")).Is(HttpStatusCode.Redirect);

        Assert.Matches("SessionLifetime\\.Relay\\.page=[\\w-]{22}~\\d+~[0-9a-f]+~%2Fapp; max-age=5; path=/app; samesite=strict", sent.Header("Set-Cookie"));
        var page = await surfer.OpenAsync("/app/page");
        Assert.NotEqual("none", page.Text);
        Assert.Matches("SessionLifetime\\.Relay\\.page=; max-age=0; path=/app;", page.Header("Set-Cookie"));
    }

    [Fact]
    public async Task Of_two_tabs_that_leave_at_once_each_gets_its_own()
    {
        await using var app = await StartAsync();
        var first = await Surfer.ArriveAsync(app);
        var second = new Surfer(app);
        second.Cookies["SessionLifetime.Browser"] = first.Cookies["SessionLifetime.Browser"];
        await second.AttachAsync();
        var (one, two) = (await Name(first), await Name(second));

        // Both cookies are on both requests: where they lead to different addresses, that tells; otherwise the newer one is the request's.
        await BothAsync("/page?a", "/page?b", 5, 5);
        Assert.Equal((one, two), ((await first.OpenAsync("/page?a")).Text, (await first.OpenAsync("/page?b")).Text));
        await BothAsync("/page?b", "/page?a", 5, 5);
        Assert.Equal((two, one), ((await first.OpenAsync("/page?a")).Text, (await first.OpenAsync("/page?b")).Text));
        await BothAsync("/page", "", 5, 7);
        Assert.Equal((one, two), ((await first.OpenAsync("/page")).Text, (await first.OpenAsync("/page?other")).Text));
        await BothAsync("/page", "/page", 5, 7);
        Assert.Equal((two, one), ((await first.OpenAsync("/page")).Text, (await first.OpenAsync("/page")).Text));
        await BothAsync("/page?a", "/page?b", 5, 7);
        Assert.Equal("none", (await first.OpenAsync("/page?c")).Text);

        static async Task<string> Name(Surfer surfer) => (await surfer.CallAsync("", method: HttpMethod.Get)).String("session")!;

        async Task BothAsync(string firstTo, string secondTo, long firstAt, long secondAt)
        {
            await first.LeaveAsync("first", firstAt, firstTo);
            await second.LeaveAsync("second", secondAt, secondTo);
            first.Cookies[RelayCookie.Prefix + "second"] = second.Cookies[RelayCookie.Prefix + "second"];
        }
    }

    [Theory]
    [InlineData("SessionLifetime.Relay.x=")]
    [InlineData("SessionLifetime.Relay.=~~")]
    [InlineData("SessionLifetime.Relay.x=~~~")]
    [InlineData("SessionLifetime.Relay.x=token~1~zz")]
    [InlineData("SessionLifetime.Relay.x=token~-1~0")]
    [InlineData("SessionLifetime.Relay.x=AAAAAAAAAAAAAAAAAAAAAA~1~0~app")]
    [InlineData("SessionLifetime.Relay.x=AAAAAAAAAAAAAAAAAAAAAA~1~0~/%3B domain=example.com")]
    [InlineData("SessionLifetime.Relay.x=AAAAAAAAAAAAAAAAAAAAAA~1~0~%2Fapp%3Bsecure")]
    [InlineData("SessionLifetime.Relay.x=ended~1~0")]
    [InlineData("SessionLifetime.Relay.x=ended...~1~0")]
    [InlineData("SessionLifetime.Relay.x=ended.5.AAAAAAAAAAA.1~1~0")]
    [InlineData("SessionLifetime.Relay.x=ended.Whatever.AAAAAAAAAAA.1~1~0")]
    [InlineData("SessionLifetime.Relay.x=none~1~0")]
    [InlineData("SessionLifetime.Relay.x=none.-1~1~0")]
    [InlineData("SessionLifetime.Relay.x=none.99999999999999999999~1~0")]
    [InlineData("SessionLifetime.Relay.x=AAAAAAAAAAAAAAAAAAAAAA~99999999999999999999~0")]
    [InlineData("SessionLifetime.Relay.x=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA~1~0")]
    [InlineData("SessionLifetime.Relay.x x=AAAAAAAAAAAAAAAAAAAAAA~1~0")]
    [InlineData("SessionLifetime.Relay.\u0001=AAAAAAAAAAAAAAAAAAAAAA~1~0")]
    [InlineData("SessionLifetime.Relay.x")]
    public async Task Malformed_cookies_lead_nowhere_and_stand_in_nobodys_way(string cookie)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        Assert.Equal("none", (await surfer.OpenAsync("/page", request => Add(request, cookie))).Text);

        await surfer.LeaveAsync();
        Assert.NotEqual("none", (await surfer.OpenAsync("/page", request => Add(request, string.Join("; ", Enumerable.Repeat(cookie, 40))))).Text);

        static void Add(HttpRequestMessage request, string cookie)
        {
            var own = request.Headers.TryGetValues("Cookie", out var cookies) ? string.Join("; ", cookies) + "; " : "";
            request.Headers.Remove("Cookie");
            request.Headers.TryAddWithoutValidation("Cookie", own + cookie);
        }
    }

    [Fact]
    public async Task A_cookie_that_somebody_else_has_planted_neither_leads_to_their_session_nor_keeps_out_the_own()
    {
        await using var app = await StartAsync();
        var (victim, attacker) = (await Surfer.ArriveAsync(app), await Surfer.ArriveAsync(app));
        await attacker.LeaveAsync("planted", long.MaxValue, "/page");
        await victim.LeaveAsync();
        var own = (await victim.CallAsync("", method: HttpMethod.Get)).String("session");
        victim.Cookies[attacker.RelayName!] = attacker.Cookies[attacker.RelayName!];

        Assert.Equal(own, (await victim.OpenAsync("/page")).Text);
    }

    /// <summary>Of 32 pages, the most there are, each has its own; pages that are gone, and such as never were, push out none of theirs.</summary>
    [Theory]
    [InlineData(5)]
    [InlineData(PageList.MaxPages)]
    public async Task Tabs_that_share_a_session_keep_their_tokens_whatever_the_others_do(int tabs)
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var stocks = new List<string[]>();
        for (var tab = 0; tab < tabs; tab++)
        {
            stocks.Add(await OpenTabAsync($"page{tab}", $"tab{tab}"));
        }

        // One of them goes from page to page, and asks under names of its own invention.
        for (var page = 0; page < 30; page++)
        {
            stocks[0] = await OpenTabAsync($"next{page}", "tab0");
            await AskAsync($"invented{page}");
            await surfer.TokensAsync();
        }

        Assert.InRange(app.App.Services.GetRequiredService<OneTimeTokens>().Count, 1, OutstandingTokens.MaxPerSession);
        foreach (var token in stocks.SelectMany(static stock => stock))
        {
            surfer.Cookies[RelayCookie.Prefix + "own"] = token + "~1~0";
            Assert.NotEqual("none", (await surfer.OpenAsync("/page")).Text);
        }

        async Task<string[]> OpenTabAsync(string page, string tab)
        {
            (await surfer.CallAsync("/attach", $$"""{"page":"{{page}}","tab":"{{tab}}"}""")).Is(HttpStatusCode.OK);
            return await AskAsync(page);
        }

        async Task<string[]> AskAsync(string page) =>
            [.. (await surfer.CallAsync("/relay", with: request => request.Headers.Add(SessionApp.PageHeader, page)))["tokens"].EnumerateArray().Select(static token => token.GetString()!)];
    }

    [Fact]
    public async Task Ten_thousand_requests_for_tokens_leave_a_handful()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var oldest = (await surfer.TokensAsync())[0];
        for (var i = 0; i < 10_000; i++)
        {
            await surfer.CallAsync("/relay");
        }

        Assert.InRange(app.App.Services.GetRequiredService<OneTimeTokens>().Count, 1, OutstandingTokens.MaxOutstanding);
        surfer.Cookies[RelayCookie.Prefix + "x"] = oldest + "~1~0";
        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);
        await surfer.LeaveAsync();
        Assert.NotEqual("none", (await surfer.OpenAsync("/page")).Text);
    }

    [Fact]
    public async Task Tokens_are_for_who_has_the_session()
    {
        await using var app = await StartAsync();
        (await new Surfer(app).CallAsync("/relay")).IsProblem(HttpStatusCode.PreconditionRequired, "sessionRequired");
        (await new Surfer(app) { Id = "AAAAAAAAAAAAAAAAAAAAAA" }.CallAsync("/relay")).IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        var surfer = await Surfer.ArriveAsync(app);
        (await surfer.CallAsync("/relay", method: HttpMethod.Get)).IsProblem(HttpStatusCode.MethodNotAllowed, "wrongMethod");
        (await new Surfer(app) { Id = surfer.Id }.CallAsync("/relay")).IsProblem(HttpStatusCode.Forbidden, "wrongBrowser");
        await surfer.CallAsync("/exit");
        (await surfer.CallAsync("/relay")).IsProblem(HttpStatusCode.Gone, "sessionEnded");
    }

    [Fact]
    public async Task A_token_outlives_neither_its_time_nor_the_id_it_was_asked_for_with_nor_the_session()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        await surfer.LeaveAsync();
        app.Time.Advance(NavigationRelay.Lifetime);
        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);

        await surfer.LeaveAsync();
        await (await app.Sessions.ListAsync())[0].RotateIdAsync();
        surfer.Id = (await surfer.CallAsync("/ping")).Id;
        (await surfer.CallAsync("/ping")).Is(HttpStatusCode.OK);
        app.Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);

        await surfer.LeaveAsync();
        await surfer.CallAsync("/exit");
        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);
    }

    [Fact]
    public async Task An_error_page_has_the_session_of_the_page_that_failed()
    {
        await using var app = await StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Before = static web => web.UseExceptionHandler("/page");
        });
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session");
        await surfer.LeaveAsync();

        Assert.Equal(session, (await surfer.OpenAsync("/fails")).Is(HttpStatusCode.InternalServerError).Text);
    }

    [Fact]
    public async Task Sign_in_by_a_form_gives_the_tab_a_new_id_that_only_the_module_is_told()
    {
        await using var app = await StartAsync();
        var surfer = await Surfer.ArriveAsync(app);
        var before = surfer.Id;
        await surfer.LeaveAsync();
        var posted = await surfer.NavigateAsync(HttpMethod.Post, "/post");
        surfer.User = "ada";

        var page = await surfer.FollowAsync(posted);
        Assert.NotEqual("none", page.Text);
        Assert.Null(page.Header("X-Session-Id"));
        await surfer.AttachAsync(page: "next");
        Assert.NotEqual(before, surfer.Id);
        Assert.Equal(page.Text, (await surfer.CallAsync("", method: HttpMethod.Get)).String("session"));
    }

    [Fact]
    public async Task Without_the_relay_there_is_no_such_call_and_its_cookies_mean_nothing()
    {
        await using var app = await SessionApp.StartAsync(static setup => setup.Map = Map);
        var surfer = await Surfer.ArriveAsync(app);
        surfer.Cookies[RelayCookie.Prefix + "x"] = "AAAAAAAAAAAAAAAAAAAAAA~1~0";

        Assert.Equal("none", (await surfer.OpenAsync("/page")).Text);
        Assert.NotNull(surfer.RelayName);
        (await app.SendAsync(HttpMethod.Post, "/_session/relay", surfer.Id)).Is(HttpStatusCode.NotFound);
    }

    internal static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Sessions = static sessions => sessions.AddNavigationRelay();
        setup.Before = Visitor.UseTestUsers;
        setup.Map = Map;
        configure?.Invoke(setup);
    });

    private static void Map(WebApplication web)
    {
        web.MapGet("/page", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
        web.MapMethods("/any", ["GET", "POST"], static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
        web.MapGet("/strict", static () => "strict").RequireTabSession();
        web.MapPost("/post", static () => Results.Redirect("/redirect?to=/redirect%3Fto%3D/page"));
        web.MapGet("/redirect", static (string to) => Results.Redirect(to));
        web.MapGet("/fails", static string () => throw new InvalidTimeZoneException("It fails."));
    }
}
