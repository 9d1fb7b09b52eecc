using System.Net;
using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;

namespace SessionLifetime.Tests.Http;

/// <summary>A cookie sign-in slides with the user, not with an open page.</summary>
public sealed class SlidingSignInTests
{
    // More than half of the twenty minutes the cookie lasts: from now on the framework renews it.
    private static readonly TimeSpan s_pastHalf = TimeSpan.FromMinutes(11);

    [Theory]
    [InlineData("ping")]
    [InlineData("idle ping")]
    [InlineData("status")]
    [InlineData("detach")]
    [InlineData("alive")]
    [InlineData("none")]
    [InlineData("prefetch")]
    public async Task What_tells_nothing_of_the_user_does_not_renew_it(string signal)
    {
        await using var app = await StartAsync();
        var (id, cookie) = await SignInAsync(app);
        app.Time.Advance(s_pastHalf);

        var answer = await SignalAsync(app, id, cookie, signal);

        Assert.Null(answer.Header("Set-Cookie"));
        Assert.True((int)answer.Status < 300, answer.ToString());
    }

    [Theory]
    [InlineData("stretch")]
    [InlineData("stretch page")]
    [InlineData("activity")]
    [InlineData("attach")]
    [InlineData("app")]
    public async Task What_tells_of_the_user_and_a_stretch_do(string signal)
    {
        await using var app = await StartAsync();
        var (id, cookie) = await SignInAsync(app);
        app.Time.Advance(s_pastHalf);

        var renewed = CookieOf(await SignalAsync(app, id, cookie, signal));

        Assert.NotNull(renewed);
        app.Time.Advance(s_pastHalf);
        Assert.Equal("ada", (await app.GetAsync("/who", null, request => request.Headers.Add("Cookie", renewed.ToString()))).Text);
        Assert.Equal("nobody", (await app.GetAsync("/who", null, request => request.Headers.Add("Cookie", cookie))).Text);
    }

    [Fact]
    public async Task A_stretch_that_is_not_allowed_does_not_renew_it()
    {
        await using var app = await StartAsync(options => options.AllowStretch = false);
        var (id, cookie) = await SignInAsync(app);
        app.Time.Advance(s_pastHalf);

        Assert.Null((await SignalAsync(app, id, cookie, "stretch")).Header("Set-Cookie"));
        Assert.Null((await SignalAsync(app, id, cookie, "stretch page")).Header("Set-Cookie"));
    }

    [Theory]
    [InlineData("ping")]
    [InlineData("alive")]
    public async Task An_app_may_want_pings_to_renew_it(string signal)
    {
        await using var app = await StartAsync(options => options.PingsSlideAuthentication = true);
        var (id, cookie) = await SignInAsync(app);
        app.Time.Advance(s_pastHalf);

        Assert.NotNull(CookieOf(await SignalAsync(app, id, cookie, signal)));
    }

    [Theory]
    [InlineData("stretch")]
    [InlineData("app")]
    public async Task A_sign_in_with_a_life_of_its_own_keeps_its_length(string signal)
    {
        await using var app = await StartAsync();
        var (id, cookie) = await SignInAsync(app, "/remember-me");
        for (var minute = 0; minute < 65; minute += 13)
        {
            await app.ActivityAsync(id);
            app.Time.Advance(TimeSpan.FromMinutes(13));
        }

        var renewed = (await SignalAsync(app, id, cookie, signal)).Header("Set-Cookie");

        Assert.NotNull(renewed);
        var expires = SetCookieHeaderValue.Parse(renewed).Expires!.Value;
        Assert.Equal(app.Time.GetUtcNow() + TimeSpan.FromHours(2), expires, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task The_apps_own_say_on_sliding_is_heard_first()
    {
        await using var app = await StartAsync(cookie: cookie => cookie.Events.OnCheckSlidingExpiration = static context =>
        {
            context.ShouldRenew = false;
            return Task.CompletedTask;
        });
        var (id, cookie) = await SignInAsync(app);
        app.Time.Advance(s_pastHalf);

        Assert.Null((await SignalAsync(app, id, cookie, "app")).Header("Set-Cookie"));
        Assert.Null((await SignalAsync(app, id, cookie, "stretch")).Header("Set-Cookie"));
    }

    private static async Task<(string Id, string Cookie)> SignInAsync(SessionApp app, string path = "/sign-in")
    {
        var cookie = CookieOf((await app.SendAsync(HttpMethod.Post, path, null)).Is(HttpStatusCode.OK));
        return (await app.StartSessionAsync(), cookie!);
    }

    private static string? CookieOf(Answer answer) => answer.Header("Set-Cookie")?.Split(", ")
        .FirstOrDefault(cookie => !cookie.StartsWith("SessionLifetime.", StringComparison.Ordinal))?.Split(';')[0];

    private static Task<Answer> SignalAsync(SessionApp app, string id, string cookie, string signal)
    {
        return signal switch
        {
            "ping" => app.PingAsync(id, with: SignedIn),
            "idle ping" => app.PingAsync(id, """{"idleMs":1000}""", SignedIn),
            "stretch" => app.PingAsync(id, """{"stretch":true}""", SignedIn),
            "stretch page" => app.CallAsync(HttpMethod.Get, "/stretch", id, with: SignedIn),
            "status" => app.StatusAsync(id, SignedIn),
            "detach" => app.DetachAsync($$"""{"id":"{{id}}"}""", with: SignedIn),
            "activity" => app.ActivityAsync(id, with: SignedIn),
            "attach" => app.AttachAsync(id, with: SignedIn),
            "alive" => app.GetAsync("/alive", id, SignedIn),
            "none" => app.GetAsync("/none", id, SignedIn),
            "app" => app.GetAsync("/who", id, SignedIn),
            "prefetch" => app.GetAsync("/who", id, request =>
            {
                SignedIn(request);
                request.Headers.Add("Sec-Purpose", "prefetch");
            }),
            _ => throw new ArgumentException(signal, nameof(signal)),
        };

        void SignedIn(HttpRequestMessage request) => request.Headers.Add("Cookie", cookie);
    }

    private static Task<SessionApp> StartAsync(
        Action<SessionLifetimeOptions>? options = null,
        Action<CookieAuthenticationOptions>? cookie = null) => SessionApp.StartAsync(setup =>
    {
        setup.Options = options ?? (static _ => { });
        setup.Services = builder =>
        {
            builder.Services.AddSingleton<IDataProtectionProvider, EphemeralDataProtectionProvider>();
            builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(scheme =>
            {
                scheme.ExpireTimeSpan = TimeSpan.FromMinutes(20);
                scheme.SlidingExpiration = true;
                cookie?.Invoke(scheme);
            });
        };
        setup.Before = static web =>
        {
            web.UseRouting();
            web.UseAuthentication();
        };
        setup.Map = web =>
        {
            web.MapPost("/sign-in", static (HttpContext context) => context.SignInAsync(Ada()));
            web.MapPost("/remember-me", (HttpContext context, TimeProvider time) => context.SignInAsync(Ada(), new AuthenticationProperties
            {
                IsPersistent = true,
                ExpiresUtc = time.GetUtcNow() + TimeSpan.FromHours(2),
            }));
            web.MapGet("/who", Who);
            web.MapGet("/alive", Who).WithSessionSignal(SessionSignal.Alive);
            web.MapGet("/none", Who).WithSessionSignal(SessionSignal.None);
        };
    });

    private static string Who(HttpContext context) => context.User.Identity?.Name ?? "nobody";

    private static ClaimsPrincipal Ada() => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, "ada")], "test"));
}
