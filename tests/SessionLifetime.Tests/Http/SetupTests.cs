using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Configuration;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Http;

/// <summary>Add, use and map: how an app takes the library in, rightly and wrongly.</summary>
public sealed class SetupTests
{
    [Fact]
    public void Use_and_Map_without_Add_say_what_to_call()
    {
        var app = WebApplication.CreateSlimBuilder().Build();

        var use = Assert.Throws<InvalidOperationException>(() => app.UseSessionLifetime());
        var map = Assert.Throws<InvalidOperationException>(() => app.MapSessionLifetime());

        Assert.Equal(
            "UseSessionLifetime() needs the services of SessionLifetime: call builder.Services.AddSessionLifetime() before the app is built.",
            use.Message);
        Assert.StartsWith("MapSessionLifetime() needs", map.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Add_twice_is_harmless_and_adds_up()
    {
        var raised = new List<string>();
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Sessions = builder => builder.OnSessionStarted(_ => raised.Add("first"));
            setup.Services = builder => builder.Services
                .AddSessionLifetime(options => options.SessionTimeout = TimeSpan.FromMinutes(5))
                .OnSessionStarted(_ => raised.Add("second"));
        });

        Assert.Equal(5 * 60_000, (await app.AttachAsync()).Is(HttpStatusCode.Created).Number("timeoutInMs"));
        Assert.Equal(["first", "second"], raised);
        Assert.Equal(1, app.Sessions.Count);
        await app.App.StopAsync();
        Assert.Single(app.Log.Lines, line => line.Text.StartsWith("The server is stopping", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_bad_set_of_options_is_refused_at_start_with_one_message_that_names_every_fault()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSessionLifetime(options =>
        {
            options.SessionTimeout = TimeSpan.FromSeconds(-1);
            options.CountdownDuration = TimeSpan.Zero;
            options.SignalTimeout = TimeSpan.Zero;
            options.AbsoluteTimeout = TimeSpan.FromSeconds(-2);
            options.UnconfirmedTimeout = TimeSpan.Zero;
            options.SweepInterval = TimeSpan.Zero;
            options.KeepAliveInterval = TimeSpan.FromMilliseconds(1);
            options.StretchInterval = TimeSpan.FromMilliseconds(1);
            options.ExpiredPath = "//elsewhere";
            options.MaxRequestHold = TimeSpan.Zero;
            options.HandlerTimeout = TimeSpan.MaxValue;
            options.DisposalTimeout = TimeSpan.Zero;
            options.MaxConcurrentHandlers = 0;
            options.UnloadGrace = TimeSpan.FromTicks(-1);
            options.SelfDestructOnUnload = TimeSpan.FromTicks(-1);
            options.MaxSessions = 0;
            options.MaxEndedSessions = -1;
            options.MaxSessionsPerUser = 0;
            options.MaxSessionsPerBrowser = -3;
            options.LimitPolicy = (SessionLimitPolicy)2;
            options.BrowserBinding = (BrowserBinding)3;
            options.UserClaimType = "";
            options.IdRotationOverlap = TimeSpan.FromDays(1);
            options.EndedSessionRetention = TimeSpan.FromTicks(-1);
            options.ShutdownTimeout = TimeSpan.FromDays(2);
            options.IdHeaderName = "X Session";
            options.PageHeaderName = "";
        });
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Equal(27, refused.Failures.Count());
        Assert.All(
            typeof(SessionLifetimeOptions).GetProperties().Where(property => property.PropertyType != typeof(bool)),
            property => Assert.Single(refused.Failures, failure => failure.StartsWith($"SessionLifetimeOptions.{property.Name} must", StringComparison.Ordinal)));
        Assert.Contains("it is -00:00:01.", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_headers_of_one_name_are_refused()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSessionLifetime(options => options.PageHeaderName = "x-session-id");
        await using var app = builder.Build();

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => app.StartAsync());

        Assert.Contains("PageHeaderName must differ", Assert.Single(refused.Failures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_option_binds_from_configuration()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["SessionLifetime:SessionTimeout"] = "00:03:00",
            ["SessionLifetime:CountdownDuration"] = "00:00:30",
            ["SessionLifetime:SignalTimeout"] = "00:10:00",
            ["SessionLifetime:AbsoluteTimeout"] = "08:00:00",
            ["SessionLifetime:UnconfirmedTimeout"] = "00:01:00",
            ["SessionLifetime:SweepInterval"] = "00:00:00.2",
            ["SessionLifetime:KeepAliveInterval"] = "00:00:07",
            ["SessionLifetime:StretchInterval"] = "00:00:30",
            ["SessionLifetime:ExpiredPath"] = "/expired",
            ["SessionLifetime:AllowStretch"] = "false",
            ["SessionLifetime:MaxRequestHold"] = "00:05:00",
            ["SessionLifetime:HandlerTimeout"] = "00:00:05",
            ["SessionLifetime:DisposalTimeout"] = "00:00:09",
            ["SessionLifetime:MaxConcurrentHandlers"] = "8",
            ["SessionLifetime:UnloadGrace"] = "00:00:00",
            ["SessionLifetime:SelfDestructOnUnload"] = "00:00:15",
            ["SessionLifetime:MaxSessions"] = "10",
            ["SessionLifetime:MaxEndedSessions"] = "20",
            ["SessionLifetime:MaxSessionsPerUser"] = "3",
            ["SessionLifetime:MaxSessionsPerBrowser"] = "30",
            ["SessionLifetime:LimitPolicy"] = "EndOldest",
            ["SessionLifetime:BrowserBinding"] = "Required",
            ["SessionLifetime:UserClaimType"] = "oid",
            ["SessionLifetime:IdRotationOverlap"] = "00:00:10",
            ["SessionLifetime:BrowserCookie:Name"] = "__Host-Browser",
            ["SessionLifetime:BrowserCookie:Path"] = "/",
            ["SessionLifetime:BrowserCookie:SecurePolicy"] = "Always",
            ["SessionLifetime:BrowserCookie:SameSite"] = "Strict",
            ["SessionLifetime:EndedSessionRetention"] = "00:01:00",
            ["SessionLifetime:ShutdownTimeout"] = "00:00:10",
            ["SessionLifetime:PingsSlideAuthentication"] = "true",
            ["SessionLifetime:IdHeaderName"] = "X-Tab",
            ["SessionLifetime:PageHeaderName"] = "X-Tab-Page",
        }).Build();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders();
        builder.Services.AddSessionLifetime(configuration.GetSection("SessionLifetime"));
        await using var app = builder.Build();

        var bound = app.Services.GetRequiredService<IOptions<SessionLifetimeOptions>>().Value;

        var fresh = new SessionLifetimeOptions();
        Assert.All(typeof(SessionLifetimeOptions).GetProperties(), property => Assert.NotEqual(property.GetValue(fresh), property.GetValue(bound)));
        Assert.Equal(TimeSpan.FromMinutes(3), bound.SessionTimeout);
        Assert.Equal(TimeSpan.FromSeconds(30), bound.CountdownDuration);
        Assert.Equal("X-Tab", bound.IdHeaderName);
        var cookie = app.Services.GetRequiredService<IOptions<BrowserCookieOptions>>().Value.Cookie;
        Assert.Equal(("__Host-Browser", SameSiteMode.Strict, CookieSecurePolicy.Always), (cookie.Name, cookie.SameSite, cookie.SecurePolicy));
        Assert.Equal(10, bound.MaxSessions);
    }

    [Fact]
    public async Task Risky_settings_are_warned_of_at_start()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Options = options => options.SessionTimeout = TimeSpan.FromSeconds(2));

        var warnings = app.Log.Lines.Where(line => line.Level == LogLevel.Warning && line.Category.StartsWith("SessionLifetime", StringComparison.Ordinal));

        Assert.Equal(4, warnings.Count());
        await using var sound = await SessionApp.StartAsync();
        Assert.DoesNotContain(sound.Log.Lines, line => line.Level == LogLevel.Warning && line.Category.StartsWith("SessionLifetime", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_Use_the_calls_work_and_the_log_says_once_what_is_missing()
    {
        var log = new LogRecorder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSessionLifetime();
        await using var app = builder.Build();
        app.MapSessionLifetime();
        app.MapGet("/", static (HttpContext context) => context.GetTabSession()?.Id ?? "none");
        await app.StartAsync();
        using var client = app.GetTestClient();
        for (var i = 0; i < 2; i++)
        {
            using var content = new StringContent("""{"page":"p"}""", null, "application/json");
            using var answer = await client.PostAsync(new Uri("/_session/attach", UriKind.Relative), content);
            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }

        Assert.Equal("none", await client.GetStringAsync(new Uri("/", UriKind.Relative)));
        Assert.Contains("UseSessionLifetime() is missing", Assert.Single(log.Errors).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Use_without_Map_is_warned_of_at_start(bool maps)
    {
        var log = new LogRecorder();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Logging.ClearProviders().AddProvider(log);
        builder.Services.AddSessionLifetime();
        await using var app = builder.Build();
        app.UseSessionLifetime();
        if (maps)
        {
            app.MapGroup("/api").MapSessionLifetime();
        }

        await app.StartAsync();

        Assert.Equal(maps ? 0 : 1, log.Lines.Count(static line => line.Level == LogLevel.Warning && line.Text.Contains("Call app.MapSessionLifetime()", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Map_twice_with_one_prefix_is_refused_at_once()
    {
        await using var app = await SessionApp.StartAsync(static setup => setup.Map = static web =>
        {
            var refused = Assert.Throws<InvalidOperationException>(() => web.MapSessionLifetime("_session/"));
            Assert.Contains("was called before with the prefix '_session/'", refused.Message, StringComparison.Ordinal);
        });

        await app.StartSessionAsync();
    }

    [Fact]
    public async Task Two_prefixes_lead_to_the_same_sessions()
    {
        await using var app = await SessionApp.StartAsync(setup => setup.Map = web => web.MapSessionLifetime("/other"));
        var id = await app.StartSessionAsync();

        (await app.GetAsync("/other", id)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_three_spellings_of_an_event_are_heard_in_order()
    {
        var heard = new List<string>();
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Sessions = builder => builder.OnSessionStarted(_ => heard.Add("delegate")).AddHandler<Listener>();
            setup.Services = builder => builder.Services.AddSingleton(heard);
        });
        app.App.Services.GetRequiredService<SessionLifetimeEvents>().SessionStarted += (_, _) => heard.Add("event");

        await app.StartSessionAsync();

        Assert.Equal(["delegate", "class", "event"], heard);
    }

    private sealed class Listener(List<string> heard) : SessionLifetimeHandler
    {
        public override ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken)
        {
            heard.Add("class");
            return default;
        }
    }
}
