using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http.Navigation;

/// <summary>A page runs in no other session than its tab's, wherever the browser comes from: where the request does not tell, the tab is asked first.</summary>
public sealed class TabLookupTests
{
    /// <summary>From another site, from another origin of this one, by a typed address or Back, and from a page of the app without the module.</summary>
    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    [InlineData("none")]
    [InlineData("same-origin")]
    public async Task A_return_runs_the_page_once_and_in_the_session_of_the_tab(string site)
    {
        var ran = new List<string>();
        await using var app = await StartAsync(ran);
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session")!;
        (surfer.Site, surfer.IsInOwnTab) = (site, true);

        var page = (await surfer.OpenAsync("/callback?code=1")).Is(HttpStatusCode.OK);

        Assert.Equal(session, page.Text);
        Assert.Equal([session], ran);
        Assert.Equal(1, surfer.Lookups);
        Assert.Equal(1, app.Sessions.Count);
    }

    [Fact]
    public async Task A_browser_without_a_living_session_is_not_asked()
    {
        var ran = new List<string>();
        await using var app = await StartAsync(ran);
        var surfer = new Surfer(app) { Site = "cross-site" };
        await surfer.OpenAsync("/callback");
        Assert.Equal((0, 1, 1L), (surfer.Lookups, ran.Count, app.Sessions.Count));

        surfer = await Surfer.ArriveAsync(app);
        await surfer.CallAsync("/exit");
        surfer.Site = "cross-site";
        await surfer.OpenAsync("/callback");
        Assert.Equal((0, 2, 2L), (surfer.Lookups, ran.Count, app.Sessions.Count));
    }

    [Fact]
    public async Task A_new_tab_says_that_it_has_none_and_starts_one()
    {
        var ran = new List<string>();
        await using var app = await StartAsync(ran);
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session")!;

        var page = await surfer.OpenAsync("/callback");

        Assert.NotEqual(session, page.Text);
        Assert.Equal((1, 1, 2L), (surfer.Lookups, ran.Count, app.Sessions.Count));
    }

    [Theory]
    [InlineData("GET", "navigate", "iframe", "")]
    [InlineData("GET", "cors", "empty", "")]
    [InlineData("GET", "no-cors", "image", "")]
    [InlineData("GET", "navigate", "document", "prefetch")]
    [InlineData("HEAD", "navigate", "document", "")]
    [InlineData("POST", "navigate", "document", "")]
    public async Task What_cannot_be_loaded_anew_is_not_asked(string method, string mode, string destination, string purpose)
    {
        await using var app = await StartAsync([]);
        var surfer = await Surfer.ArriveAsync(app);

        await surfer.NavigateAsync(new HttpMethod(method), "/free", request =>
        {
            request.Headers.Remove("Sec-Fetch-Mode");
            request.Headers.Remove("Sec-Fetch-Dest");
            request.Headers.Add("Sec-Fetch-Mode", mode);
            request.Headers.Add("Sec-Fetch-Dest", destination);
            if (purpose.Length > 0)
            {
                request.Headers.Add("Sec-Purpose", purpose);
            }
        });

        Assert.Equal(0, surfer.Lookups);
    }

    [Fact]
    public async Task The_page_is_stored_nowhere_and_shows_nothing_of_the_request_as_markup()
    {
        await using var app = await StartAsync([]);
        var surfer = await Surfer.ArriveAsync(app);
        surfer.RunsLookup = false;

        var page = (await surfer.OpenAsync("/callback?a=\"><script>alert(1)</script>")).Is(HttpStatusCode.OK);

        Assert.True(Surfer.IsLookup(page));
        Assert.Equal("no-store", page.Header("Cache-Control"));
        Assert.Equal("text/html; charset=utf-8", page.Header("Content-Type"));
        Assert.DoesNotContain("<script>", page.Text, StringComparison.Ordinal);
        Assert.DoesNotContain(surfer.Id!, page.Text, StringComparison.Ordinal);
        Assert.Equal(1, app.Sessions.Count);
        Assert.Contains("url=/.//evil.example/", (await surfer.OpenAsync("/", static request => request.RequestUri = new("http://localhost//evil.example/"))).Text, StringComparison.Ordinal);
    }

    /// <summary>Where its script is forbidden it loads itself, and is not shown again.</summary>
    [Fact]
    public async Task The_page_that_loads_itself_goes_on()
    {
        await using var app = await StartAsync([]);
        var surfer = await Surfer.ArriveAsync(app);
        surfer.RunsLookup = false;

        Assert.False(Surfer.IsLookup(await surfer.OpenAsync("/free?a=b", static request => request.Headers.Referrer = new("http://localhost/free?a=b"))));
        Assert.True(Surfer.IsLookup(await surfer.OpenAsync("/free?a=b", static request => request.Headers.Referrer = new("http://localhost/free?a=c"))));
        Assert.True(Surfer.IsLookup(await surfer.OpenAsync("/free", static request => request.Headers.Referrer = new("http://other.example/free"))));
    }

    [Fact]
    public async Task Without_browser_keys_only_a_return_from_outside_is_asked()
    {
        await using var app = await StartAsync([], static options => options.BrowserBinding = BrowserBinding.Off);
        var surfer = await Surfer.ArriveAsync(app);
        surfer.IsInOwnTab = true;
        await surfer.OpenAsync("/free");
        Assert.Equal(0, surfer.Lookups);

        surfer.Site = "cross-site";
        Assert.NotEqual("none", (await surfer.OpenAsync("/free")).Text);
        Assert.Equal(1, surfer.Lookups);
    }

    /// <summary>A sign-in that comes back by a form: the handler sees no session, starts none, and its redirect leads to the tab's.</summary>
    [Theory]
    [InlineData("cross-site")]
    [InlineData("same-site")]
    public async Task A_form_of_another_site_has_no_session_and_what_it_redirects_to_has_the_tabs(string site)
    {
        await using var app = await StartAsync([], services: static services => services.AddHttpSession(static options => options.StartOnWrite = true));
        var surfer = await Surfer.ArriveAsync(app);
        var session = (await surfer.CallAsync("", method: HttpMethod.Get)).String("session")!;
        (surfer.Site, surfer.IsInOwnTab) = (site, true);

        var posted = await surfer.NavigateAsync(HttpMethod.Post, "/signed-in");
        Assert.Equal("none; HttpContext.Session cannot be written to without a session, and the form comes from another site, so the session of its tab is not known. Redirect to a page of the app, and write there.", posted.Header("X-Seen"));
        Assert.Equal(1, app.Sessions.Count);

        Assert.Equal(session, (await surfer.FollowAsync(posted)).Text);
        Assert.Equal(1, app.Sessions.Count);
    }

    private static Task<SessionApp> StartAsync(List<string> ran, Action<SessionLifetimeOptions>? options = null, Action<SessionLifetimeBuilder>? services = null) =>
        SessionApp.StartAsync(setup =>
        {
            setup.Options = options ?? setup.Options;
            setup.Sessions = sessions =>
            {
                sessions.AddNavigationRelay();
                services?.Invoke(sessions);
            };
            setup.Map = web =>
            {
                web.MapGet("/callback", (HttpContext context) =>
                {
                    var id = context.GetTabSession()?.Id ?? "none";
                    ran.Add(id);
                    return id;
                }).StartTabSession();
                web.Map("/free", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
                web.MapPost("/signed-in", static context =>
                {
                    var seen = context.GetTabSession()?.Id ?? "none";
                    try
                    {
                        context.Session.SetString("key", "value");
                    }
                    catch (InvalidOperationException exception)
                    {
                        seen += "; " + exception.Message;
                    }

                    context.Response.Headers["X-Seen"] = seen;
                    context.Response.Redirect("/free");
                    return Task.CompletedTask;
                });
            };
        });
}
