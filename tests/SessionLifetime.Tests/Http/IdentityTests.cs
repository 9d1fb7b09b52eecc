using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Tests.Http;

/// <summary>Whose a session is where a request has several identities, and where its user is known by the scheme of its endpoint only.</summary>
public sealed class IdentityTests
{
    private const string KeyHeader = "X-Test-Key";
    private const string SchemeHeader = "X-Test-Other";

    [Fact]
    public async Task A_user_of_an_added_identity_does_not_reach_the_session_of_another_user()
    {
        await using var app = await StartWithIdentitiesAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");
        var bob = new Visitor(app) { Id = ann.Id, Key = ann.Key };

        (await bob.GetAsync("/cart", static request => request.Headers.Add(KeyHeader, "bob"))).IsProblem(HttpStatusCode.Forbidden, "wrongUser");

        Assert.Equal("ann", (await ann.GetAsync("/cart")).Is(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task A_user_of_an_added_identity_gets_the_session_that_is_nobodys()
    {
        await using var app = await StartWithIdentitiesAsync();
        var bob = await Visitor.ArriveAsync(app);

        Assert.Equal("bob", (await bob.GetAsync("/cart", static request => request.Headers.Add(KeyHeader, "bob"))).Is(HttpStatusCode.OK).Text);

        bob.User = "ann";
        (await bob.GetAsync("/cart")).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
    }

    [Fact]
    public async Task Whoever_proves_to_be_the_sessions_user_too_keeps_it_whatever_the_order_of_the_identities()
    {
        await using var app = await StartWithIdentitiesAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");

        Assert.Equal("ann", (await ann.GetAsync("/cart", static request => request.Headers.Add(KeyHeader, "machine"))).Is(HttpStatusCode.OK).Text);
        Assert.Equal("ann", (await ann.GetAsync("/cart", static request => request.Headers.Add(KeyHeader, "first:machine"))).Is(HttpStatusCode.OK).Text);
    }

    [Fact]
    public async Task An_identity_that_is_not_authenticated_names_nobody()
    {
        await using var app = await StartWithIdentitiesAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");

        // A claim that anybody may have put there does not make another user of ann, nor one of a stranger.
        Assert.Equal("ann", (await ann.GetAsync("/cart", static request => request.Headers.Add(KeyHeader, "unproven:bob"))).Is(HttpStatusCode.OK).Text);
        var stranger = await Visitor.ArriveAsync(app);
        Assert.Equal("", (await stranger.GetAsync("/cart", static request => request.Headers.Add(KeyHeader, "unproven:ann"))).Is(HttpStatusCode.OK).Text);
    }

    [Theory]
    [InlineData("/open")]
    [InlineData("/other")]
    [InlineData("/policy")]
    public async Task Two_users_of_an_endpoints_own_scheme_never_share_a_session(string path)
    {
        await using var app = await StartWithSchemesAsync();
        var visitor = await Visitor.ArriveAsync(app);

        Assert.Equal("bob in bob's", (await visitor.GetAsync(path, static request => request.Headers.Add(SchemeHeader, "bob"))).Is(HttpStatusCode.OK).Text);
        Assert.Equal("eve in none", (await visitor.GetAsync(path, static request => request.Headers.Add(SchemeHeader, "eve"))).Is(HttpStatusCode.OK).Text);
        (await visitor.GetAsync("/required", static request => request.Headers.Add(SchemeHeader, "eve"))).IsProblem(HttpStatusCode.Forbidden, "wrongUser");
        Assert.Contains("app.UseSessionLifetime() after app.UseAuthorization()", Assert.Single(app.Log.Errors).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_of_the_default_scheme_and_one_of_an_endpoints_scheme_do_not_share_a_session()
    {
        await using var app = await StartWithSchemesAsync();
        var ann = await Visitor.ArriveAsync(app, "ann");

        Assert.Equal("bob in none", (await ann.GetAsync("/other", static request => request.Headers.Add(SchemeHeader, "bob"))).Is(HttpStatusCode.OK).Text);
        Assert.Equal("ann in ann's", (await ann.GetAsync("/open")).Is(HttpStatusCode.OK).Text);
    }

    [Theory]
    [InlineData(true, true, 0)]
    [InlineData(false, true, 1)]
    [InlineData(false, false, 0)]
    public async Task The_wrong_order_is_told_at_start_and_the_right_one_is_not(bool isRight, bool hasOther, int warnings)
    {
        await using var app = await StartWithSchemesAsync(isRight, hasOther);

        var told = app.Log.Lines.Where(static line => line.Level == LogLevel.Warning && line.Text.Contains("UseAuthorization()", StringComparison.Ordinal)).ToList();
        Assert.Equal(warnings, told.Count);
        Assert.All(told, static line => Assert.Contains("/other", line.Text, StringComparison.Ordinal));
    }

    /// <summary>An app that adds an identity to the request's principal by a key.</summary>
    private static Task<SessionApp> StartWithIdentitiesAsync() => SessionApp.StartAsync(static setup =>
    {
        setup.Services = static builder => builder.Services.AddAuthentication("default").AddScheme<AuthenticationSchemeOptions, HeaderUsers>("default", null);
        setup.Sessions = static builder => builder.Services.AddAuthorization();
        setup.Before = static web =>
        {
            web.UseAuthentication();
            web.Use(static (context, next) =>
            {
                if (context.Request.Headers[KeyHeader] is [{ } key])
                {
                    var words = key.Split(':');
                    var identity = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, words[^1])], words is ["unproven", _] ? null : "ApiKey");
                    context.User = words is ["first" or "unproven", _] ? new([identity, .. context.User.Identities]) : context.User;
                    if (words.Length == 1)
                    {
                        context.User.AddIdentity(identity);
                    }
                }

                return next(context);
            });
        };
        setup.Map = static web =>
        {
            web.UseAuthorization();
            web.MapGet("/cart", static (HttpContext context) => context.GetTabSession()?.User ?? "").RequireTabSession();
        };
    });

    /// <summary>An app with a default scheme, and endpoints that choose another.</summary>
    private static Task<SessionApp> StartWithSchemesAsync(bool isRight = false, bool hasOther = true) => SessionApp.StartAsync(setup =>
    {
        setup.ExpectsErrors = true;
        setup.Services = static builder =>
        {
            builder.Services.AddAuthentication("default")
                .AddScheme<AuthenticationSchemeOptions, HeaderUsers>("default", null)
                .AddScheme<AuthenticationSchemeOptions, HeaderUsers>("Other", null);
            builder.Services.AddAuthorization(static options => options.AddPolicy("others", static policy => policy.AddAuthenticationSchemes("Other").RequireAuthenticatedUser()));
        };
        setup.Before = web =>
        {
            web.UseAuthentication();
            if (isRight)
            {
                web.UseAuthorization();
            }
        };
        setup.Map = web =>
        {
            if (!isRight)
            {
                web.UseAuthorization();
            }

            // The user may also be set by a middleware of the app's.
            web.Use(static (context, next) =>
            {
                if (context.Request.Path == "/open" && context.Request.Headers[SchemeHeader] is [{ } user])
                {
                    context.User = new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], "own"));
                }

                return next(context);
            });
            web.MapGet("/open", Who);
            if (hasOther)
            {
                web.MapGet("/other", Who).RequireAuthorization(new AuthorizeAttribute { AuthenticationSchemes = "Other" });
                web.MapGet("/policy", Who).RequireAuthorization("others");
                web.MapGet("/required", Who).RequireAuthorization("others").RequireTabSession();
            }
        };
    });

    private static string Who(HttpContext context) =>
        $"{context.User.FindFirstValue(ClaimTypes.NameIdentifier)} in {(context.GetTabSession() is { } session ? session.User + "'s" : "none")}";

    private sealed class HeaderUsers(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync() => Task.FromResult(
            Request.Headers[Scheme.Name == "default" ? "X-Test-User" : SchemeHeader] is [{ } user]
                ? AuthenticateResult.Success(new(new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, user)], Scheme.Name)), Scheme.Name))
                : AuthenticateResult.NoResult());
    }
}
