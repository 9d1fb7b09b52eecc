using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

/// <summary>The framework's own authorization, rate limits, CORS and API descriptions, put on the library's calls.</summary>
public sealed class SecurityTests
{
    [Fact]
    public async Task Under_a_fallback_policy_the_calls_let_anonymous_callers_in()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            AddAuthorization(setup, fallback: true);
            setup.Map = static web => web.MapGet("/secret", static () => "secret");
        });

        var id = await app.StartSessionAsync();
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
        (await app.PingAsync(id)).Is(HttpStatusCode.OK);
        (await app.ActivityAsync(id)).Is(HttpStatusCode.OK);
        (await app.CallAsync(HttpMethod.Get, "/stretch", id)).Is(HttpStatusCode.OK);
        (await app.DetachByBeaconAsync(id)).Is(HttpStatusCode.NoContent);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        (await app.GetAsync("/secret", id)).Is(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task Authorization_on_the_builder_is_obeyed()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            AddAuthorization(setup, fallback: false);
            setup.Calls = static calls => calls.RequireAuthorization();
        });

        (await app.AttachAsync()).Is(HttpStatusCode.Unauthorized);
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task Authorization_by_a_policy_on_the_builder_is_obeyed()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            AddAuthorization(setup, fallback: false);
            setup.Calls = static calls => calls.RequireAuthorization(policy => policy.RequireAuthenticatedUser());
        });

        (await app.AttachAsync()).Is(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task An_unauthorized_app_request_is_no_reason_to_lose_the_session()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            AddAuthorization(setup, fallback: true);
            setup.Map = static web => web.MapGet("/secret", static () => "secret");
        });
        var id = await app.StartSessionAsync();

        (await app.GetAsync("/secret", id)).Is(HttpStatusCode.Unauthorized);

        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_rate_limit_on_the_builder_is_kept()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Services = static builder => builder.Services.AddRateLimiter(limiter =>
            {
                limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
                limiter.AddFixedWindowLimiter("sessions", window =>
                {
                    window.PermitLimit = 3;
                    window.Window = TimeSpan.FromDays(1);
                    window.AutoReplenishment = false;
                });
            });
            setup.Before = static web =>
            {
                web.UseRouting();
                web.UseRateLimiter();
            };
            setup.Calls = static calls => calls.RequireRateLimiting("sessions");
            setup.Map = static web => web.MapGet("/plain", static () => "plain");
        });
        var id = await app.StartSessionAsync();
        (await app.PingAsync(id)).Is(HttpStatusCode.OK);
        (await app.PingAsync(id)).Is(HttpStatusCode.OK);

        (await app.PingAsync(id)).Is(HttpStatusCode.TooManyRequests);
        (await app.AttachAsync()).Is(HttpStatusCode.TooManyRequests);
        (await app.GetAsync("/plain", id)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_CORS_preflight_is_answered_by_the_apps_policy()
    {
        await using var app = await StartWithCorsAsync();
        foreach (var (call, method) in new[] { ("", "GET"), ("/attach", "POST"), ("/ping", "POST"), ("/activity", "POST"), ("/exit", "POST") })
        {
            var answer = await app.SendAsync(HttpMethod.Options, "/_session" + call, null, with: request =>
            {
                request.Headers.Add("Origin", "https://app.example");
                request.Headers.Add("Access-Control-Request-Method", method);
                request.Headers.Add("Access-Control-Request-Headers", "content-type,x-session-id,x-session-page");
            });

            answer.Is(HttpStatusCode.NoContent);
            Assert.Equal("https://app.example", answer.Header("Access-Control-Allow-Origin"));
            Assert.Equal("true", answer.Header("Access-Control-Allow-Credentials"));
            Assert.Contains("x-session-id", answer.Header("Access-Control-Allow-Headers"), StringComparison.OrdinalIgnoreCase);
            Assert.Contains(method, answer.Header("Access-Control-Allow-Methods"), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_cross_origin_answer_shows_its_session_headers_also_when_it_is_a_problem()
    {
        await using var app = await StartWithCorsAsync();

        var answer = await app.PingAsync("malformed", with: request => request.Headers.Add("Origin", "https://app.example"));

        answer.IsProblem(HttpStatusCode.NotFound, "sessionUnknown");
        Assert.Equal("https://app.example", answer.Header("Access-Control-Allow-Origin"));
        Assert.Contains("X-Session-State", answer.Header("Access-Control-Expose-Headers"), StringComparison.Ordinal);
        Assert.Null((await app.PingAsync("malformed", with: request => request.Headers.Add("Origin", "https://evil.example"))).Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task A_CORS_policy_on_the_builder_serves_preflights_too()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Services = static builder => builder.Services.AddCors();
            setup.Before = static web =>
            {
                web.UseRouting();
                web.UseCors();
            };
            setup.Calls = static calls => calls.RequireCors(policy => policy
                .WithOrigins("https://app.example").AllowCredentials().WithMethods("GET", "POST").WithHeaders("Content-Type", "X-Session-Id", "X-Session-Page"));
        });

        var answer = await app.SendAsync(HttpMethod.Options, "/_session/ping", null, with: request =>
        {
            request.Headers.Add("Origin", "https://app.example");
            request.Headers.Add("Access-Control-Request-Method", "POST");
            request.Headers.Add("Access-Control-Request-Headers", "x-session-id");
        });

        answer.Is(HttpStatusCode.NoContent);
        Assert.Equal("https://app.example", answer.Header("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task The_calls_stay_out_of_api_descriptions()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Services = static builder => builder.Services.AddEndpointsApiExplorer();
            setup.Map = static web => web.MapGet("/mine", static () => "mine");
        });

        var described = app.App.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>()
            .ApiDescriptionGroups.Items.SelectMany(group => group.Items).Select(item => item.RelativePath);

        Assert.Equal(["mine"], described);
        Assert.All(
            app.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
                .Where(endpoint => endpoint.RoutePattern.RawText!.StartsWith("/_session", StringComparison.Ordinal)),
            endpoint => Assert.True(endpoint.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.IExcludeFromDescriptionMetadata>()?.ExcludeFromDescription));
    }

    private static Task<SessionApp> StartWithCorsAsync() => SessionApp.StartAsync(setup =>
    {
        setup.Services = static builder => builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins("https://app.example")
            .WithMethods("GET", "POST")
            .WithHeaders("Content-Type", "X-Session-Id", "X-Session-Page")
            .WithExposedHeaders("X-Session-State", "X-Session-Signal", "X-Session-Location", "X-Session-Id")
            .AllowCredentials()));
        setup.Before = static web =>
        {
            web.UseRouting();
            web.UseCors();
        };
    });

    private static void AddAuthorization(SessionAppSetup setup, bool fallback)
    {
        setup.Services = builder =>
        {
            builder.Services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookie =>
                cookie.Events.OnRedirectToLogin = static context =>
                {
                    context.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    return Task.CompletedTask;
                });
            builder.Services.AddAuthorization(options => options.FallbackPolicy = fallback
                ? new AuthorizationPolicyBuilder().RequireAuthenticatedUser().Build()
                : null);
        };
        setup.Before = static web =>
        {
            web.UseRouting();
            web.UseAuthentication();
            web.UseAuthorization();
        };
    }
}
