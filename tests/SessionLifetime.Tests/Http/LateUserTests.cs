using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Tests.Http;

/// <summary>An app that calls <c>UseSessionLifetime()</c> before <c>UseAuthentication()</c>: wrong, said so, and still no user has another's session.</summary>
public sealed class LateUserTests
{
    [Fact]
    public async Task A_session_serves_no_other_user_and_the_log_says_once_what_to_call()
    {
        await using var app = await StartAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");
        Assert.Equal("ann in ann's", (await ann.GetAsync("/who")).Is(HttpStatusCode.OK).Text);
        var bob = new Visitor(app) { Id = ann.Id, Key = ann.Key, User = "bob" };

        var who = (await bob.GetAsync("/who")).Is(HttpStatusCode.OK);
        Assert.Equal("bob in none", who.Text);
        Assert.Equal("refused", who.Header("X-Session-State"));
        (await bob.GetAsync("/work")).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        (await bob.GetAsync("/work-in-mvc")).IsProblem(HttpStatusCode.Forbidden, "wrongUser");

        Assert.Equal("worked", (await ann.GetAsync("/work")).Is(HttpStatusCode.OK).Text);
        Assert.Equal("worked", (await ann.GetAsync("/work-in-mvc")).Is(HttpStatusCode.OK).Text);
        Assert.Contains("Call app.UseSessionLifetime() after app.UseAuthentication()", Assert.Single(app.Log.Errors).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_session_of_nobody_becomes_the_users_under_a_new_id()
    {
        await using var app = await StartAsync();
        var bob = await Visitor.ArriveAsync(app);
        var anonymous = bob.Id;
        bob.User = "bob";

        Assert.Equal("bob in bob's", (await bob.GetAsync("/who")).Is(HttpStatusCode.OK).Text);

        Assert.NotEqual(anonymous, bob.Id);
        Assert.Equal("bob", (await bob.SessionAsync())!.User);
        Assert.Single(app.Log.Errors);
    }

    [Fact]
    public async Task A_new_id_is_not_handed_to_the_other_user()
    {
        await using var app = await StartAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");
        await (await ann.SessionAsync())!.RotateIdAsync();
        var bob = new Visitor(app) { Id = ann.Id, Key = ann.Key, User = "bob" };

        Assert.Null((await bob.GetAsync("/who")).Is(HttpStatusCode.OK).Header("X-Session-Id"));
        Assert.NotNull((await ann.GetAsync("/who")).Header("X-Session-Id"));
    }

    [Fact]
    public async Task What_the_session_owns_is_kept_from_the_other_user_too()
    {
        await using var app = await StartAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");
        Assert.Equal("one", (await ann.GetAsync("/owned")).Text);
        ann.User = "bob";

        Assert.Equal("none", (await ann.GetAsync("/owned")).Text);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Right_order_and_nobody_signed_in_are_not_warned_of(bool isRight)
    {
        await using var app = isRight ? await StartAsync(isRight) : await StartAsync();
        var visitor = await Visitor.ArriveAsync(app, isRight ? "ann" : null);
        (await visitor.GetAsync("/work")).Is(HttpStatusCode.OK);
        (await visitor.GetAsync("/who")).Is(HttpStatusCode.OK);
        if (isRight)
        {
            visitor.User = "bob";
            (await visitor.GetAsync("/work")).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        }

        Assert.Empty(app.Log.Errors);
    }

    private static Task<SessionApp> StartAsync(bool isRight = false) => SessionApp.StartAsync(setup =>
    {
        setup.ExpectsErrors = true;
        setup.Sessions = static sessions => sessions.AddSessionScoped<Owned>();
        setup.Services = static builder =>
        {
            builder.Services.AddAuthentication("header").AddScheme<AuthenticationSchemeOptions, HeaderUsers>("header", null);
            builder.Services.AddControllers().AddApplicationPart(typeof(LateUserTests).Assembly);
        };
        setup.Before = isRight ? static web => web.UseAuthentication() : static _ => { };
        setup.Map = web =>
        {
            if (!isRight)
            {
                web.UseAuthentication();
            }

            web.MapControllers();
            web.MapGet("/work", static () => "worked").RequireTabSession();
            web.MapGet("/owned", static (SessionScoped<Owned> owned) => owned.ValueIfAny?.Name ?? "none");
            web.MapGet("/who", static (HttpContext context) =>
                $"{context.User.FindFirstValue(ClaimTypes.NameIdentifier)} in {(context.GetTabSession() is { } session ? session.User + "'s" : "none")}");
        };
    });

    private sealed class Owned
    {
        public string Name { get; } = "one";
    }

    private sealed class HeaderUsers(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            Request.Headers["X-Test-User"] is [{ } user]
                ? AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], "header")), "header"))
                : AuthenticateResult.NoResult());
    }
}

[ApiController]
public sealed class GuardedController : ControllerBase
{
    [HttpGet("/work-in-mvc")]
    [RequireTabSession]
    public IActionResult Work() => Content("worked");
}
