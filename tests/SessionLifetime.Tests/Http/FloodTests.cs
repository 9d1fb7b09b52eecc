using System.Collections.Concurrent;
using System.Net;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;

namespace SessionLifetime.Tests.Http;

/// <summary>Ten thousand attaches from one client: each is answered for what it is, no limit is ever exceeded, and nobody else notices.</summary>
public sealed class FloodTests
{
    // Fewer where every word is written down.
    private static readonly int s_flood = TestCapture.IsOn ? 500 : 10_000;

    private const int Limit = 7;
    private const string CookieName = "SessionLifetime.Browser";

    [Fact]
    public async Task The_frameworks_rate_limit_lets_in_exactly_what_it_permits()
    {
        const int Permits = 120;
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Services = static builder => builder.Services.AddRateLimiter(static limiter =>
            {
                limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;

                // In an app this is the address; every test client has the same.
                limiter.AddPolicy("per client", static context => RateLimitPartition.GetFixedWindowLimiter(
                    context.Request.Headers["X-Test-Client"].ToString(),
                    static _ => new FixedWindowRateLimiterOptions { PermitLimit = Permits, Window = TimeSpan.FromDays(1), AutoReplenishment = false }));
            });
            setup.Before = static web =>
            {
                web.UseRouting();
                web.UseRateLimiter();
            };
            setup.Calls = static calls => calls.RequireRateLimiting("per client");
        });
        var witness = await app.AttachAsync(with: From("witness"));

        var answers = await FloodAsync(app, From("flood"));

        Assert.Equal(Permits, answers.Count(static answer => answer.Status == HttpStatusCode.Created));
        Assert.Equal(s_flood - Permits, answers.Count(static answer => answer.Status == HttpStatusCode.TooManyRequests));
        Assert.Equal(Permits + 1, app.Sessions.Count);
        (await app.PingAsync(witness.Id, with: From("witness"))).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task One_browser_that_floods_is_refused_at_its_limit()
    {
        await using var app = await StartAsync(static options => options.MaxSessionsPerBrowser = Limit);
        var witness = await WitnessAsync(app);
        var key = BrowserKey.Create();

        var answers = await FloodAsync(app, InBrowser(key), () => app.Sessions.ListAsync(new SessionQuery { BrowserId = key.ToId().ToString() }));

        AssertRefused(answers, "browserLimit");
        Assert.Equal("SessionStarted", Assert.Single(app.Events.Distinct()));
        await witness.IsUnharmedAsync(app, others: Limit);
    }

    [Fact]
    public async Task One_user_who_floods_is_refused_at_their_limit()
    {
        await using var app = await StartAsync(static options => options.MaxSessionsPerUser = Limit);
        var witness = await WitnessAsync(app);

        // From a thousand browsers.
        var keys = Enumerable.Range(0, 1000).Select(static _ => BrowserKey.Create()).ToArray();
        var next = 0;
        var answers = await FloodAsync(
            app,
            request =>
            {
                request.Headers.Add("X-Test-User", "mallory");
                request.Headers.Add("Cookie", $"{CookieName}={keys[Interlocked.Increment(ref next) % keys.Length].Reveal()}");
            },
            () => app.Sessions.ListAsync(new SessionQuery { User = "mallory" }));

        AssertRefused(answers, "userLimit");
        Assert.Equal("SessionStarted", Assert.Single(app.Events.Distinct()));
        await witness.IsUnharmedAsync(app, others: Limit);
    }

    [Fact]
    public async Task One_browser_that_floods_displaces_only_its_own()
    {
        await using var app = await StartAsync(static options =>
        {
            options.MaxSessionsPerBrowser = Limit;
            options.LimitPolicy = SessionLimitPolicy.EndOldest;
        });
        var witness = await WitnessAsync(app);
        var key = BrowserKey.Create();

        var answers = await FloodAsync(app, InBrowser(key), () => app.Sessions.ListAsync(new SessionQuery { BrowserId = key.ToId().ToString() }));

        await AssertDisplacedAsync(app, answers);
        await witness.IsUnharmedAsync(app, others: Limit);
    }

    [Fact]
    public async Task One_user_who_floods_displaces_only_their_own()
    {
        await using var app = await StartAsync(static options =>
        {
            options.MaxSessionsPerUser = Limit;
            options.LimitPolicy = SessionLimitPolicy.EndOldest;
        });
        var witness = await WitnessAsync(app);

        var answers = await FloodAsync(
            app,
            static request => request.Headers.Add("X-Test-User", "mallory"),
            () => app.Sessions.ListAsync(new SessionQuery { User = "mallory" }));

        await AssertDisplacedAsync(app, answers);
        await witness.IsUnharmedAsync(app, others: Limit);
    }

    [Fact]
    public async Task The_oldest_activity_is_what_is_displaced_once_each()
    {
        await using var app = await StartAsync(static options =>
        {
            options.MaxSessionsPerBrowser = 3;
            options.LimitPolicy = SessionLimitPolicy.EndOldest;
        });
        var key = BrowserKey.Create();
        var answers = new List<Answer>();
        for (var n = 0; n < 3; n++)
        {
            answers.Add(await app.AttachAsync(with: InBrowser(key)));
            app.Time.Advance(TimeSpan.FromMinutes(1));
        }

        // The first one's user is the one who was active last.
        (await app.ActivityAsync(answers[0].Id, with: InBrowser(key))).Is(HttpStatusCode.OK);
        (await app.AttachAsync(with: InBrowser(key))).Is(HttpStatusCode.Created);

        (await app.StatusAsync(answers[0].Id, InBrowser(key))).Is(HttpStatusCode.OK);
        Assert.Equal("Displaced", (await app.StatusAsync(answers[1].Id, InBrowser(key))).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        (await app.StatusAsync(answers[2].Id, InBrowser(key))).Is(HttpStatusCode.OK);
        await SessionApp.EventuallyAsync(() => app.Events.Count == 5);
        Assert.Equal(4, app.Events.Count(static line => line == "SessionStarted"));
        Assert.Equal(1, app.Events.Count(static line => line == "ApplicationExit Displaced"));
    }

    [Fact]
    public async Task Anonymous_clients_without_cookies_stop_at_what_the_server_takes()
    {
        await using var app = await StartAsync(static options =>
        {
            options.MaxSessions = 500;
            options.MaxSessionsPerBrowser = Limit;
            options.MaxSessionsPerUser = Limit;
        });
        var witness = await WitnessAsync(app);

        var answers = await FloodAsync(app, static _ => { }, async () =>
        {
            Assert.InRange(app.Sessions.Count, 0, 501);
            return await app.Sessions.ListAsync(new SessionQuery { User = "mallory" });
        });

        Assert.Equal(499, answers.Count(static answer => answer.Status == HttpStatusCode.Created));
        AssertFull(answers.Where(static answer => answer.Status != HttpStatusCode.Created), "atCapacity", s_flood - 499);
        await witness.IsUnharmedAsync(app, others: 499);
    }

    private static Task<SessionApp> StartAsync(Action<SessionLifetimeOptions> options) => SessionApp.StartRecordingAsync(setup =>
    {
        OwnershipRaceTests.WithUsers(setup);
        setup.Options = options;
    });

    private static Action<HttpRequestMessage> From(string client) => request => request.Headers.Add("X-Test-Client", client);

    private static Action<HttpRequestMessage> InBrowser(BrowserKey key) => request => request.Headers.Add("Cookie", $"{CookieName}={key.Reveal()}");

    /// <summary>All attaches, many at once, while somebody counts all the time.</summary>
    private static async Task<Answer[]> FloodAsync(
        SessionApp app,
        Action<HttpRequestMessage> with,
        Func<ValueTask<IReadOnlyList<TabSession>>>? list = null)
    {
        var answers = new ConcurrentQueue<Answer>();
        var looks = 0;
        using var over = new CancellationTokenSource();
        var looking = Task.Run(async () =>
        {
            while (list is not null && !over.IsCancellationRequested)
            {
                Assert.InRange((await list()).Count, 0, Limit);
                looks++;
            }
        });
        await Parallel.ForEachAsync(Enumerable.Range(0, s_flood), new ParallelOptions { MaxDegreeOfParallelism = 32 }, async (n, _) =>
            answers.Enqueue(await app.AttachAsync(page: "page-" + n, tab: "tab-" + n, with: with)));
        await over.CancelAsync();
        await looking;
        Assert.True(list is null || looks > s_flood / 100, $"Looked {looks} times.");
        return [.. answers];
    }

    private static void AssertRefused(Answer[] answers, string code)
    {
        Assert.Equal(Limit, answers.Count(static answer => answer.Status == HttpStatusCode.Created));
        AssertFull(answers.Where(static answer => answer.Status != HttpStatusCode.Created), code, s_flood - Limit);
    }

    private static void AssertFull(IEnumerable<Answer> refused, string code, int count)
    {
        var list = refused.ToList();
        Assert.Equal(count, list.Count);
        Assert.All(list, answer =>
        {
            answer.IsProblem(HttpStatusCode.ServiceUnavailable, code);
            Assert.Equal("30", answer.Header("Retry-After"));
            Assert.Null(answer.Header("X-Session-State"));
        });
    }

    /// <summary>
    /// Whoever got in lives, or was displaced; a few may have found no room, or have been displaced before they were answered.
    /// </summary>
    private static async Task AssertDisplacedAsync(SessionApp app, Answer[] answers)
    {
        Assert.DoesNotContain(answers, static answer => answer.Status == HttpStatusCode.ServiceUnavailable);
        var gone = answers.Where(static answer => answer.Status == HttpStatusCode.Gone).ToList();
        Assert.All(gone, static answer => Assert.Equal("Displaced", answer.IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason")));
        var created = answers.Count(static answer => answer.Status == HttpStatusCode.Created);
        Assert.Equal(s_flood, created + gone.Count);
        Assert.True(created >= Limit, $"{created} created, {gone.Count} gone.");

        var started = created + gone.Count;
        await SessionApp.EventuallyAsync(
            () => app.Events.Count(static line => line == "ApplicationExit Displaced") == started - Limit,
            () => $"{started} started; events: " + string.Join(", ", app.Events.GroupBy(static line => line).Select(static group => $"{group.Key} {group.Count()}")));
        Assert.Equal(started + 1, app.Events.Count(static line => line == "SessionStarted"));
    }

    private static async Task<Witness> WitnessAsync(SessionApp app)
    {
        var key = BrowserKey.Create();
        var answer = await app.AttachAsync(with: InBrowser(key));
        app.Time.Advance(TimeSpan.FromMinutes(1));
        return new Witness(answer.Id!, answer.String("session")!, key);
    }

    /// <summary>A session of somebody else.</summary>
    private sealed record Witness(string Id, string Session, BrowserKey Key)
    {
        public async Task IsUnharmedAsync(SessionApp app, int others)
        {
            var session = (await app.Sessions.FindAsync(Session))!;
            Assert.Equal(SessionState.Active, session.State);
            Assert.Equal(Key.ToId().ToString(), session.BrowserId);
            Assert.Equal(session.StartedAt, session.LastActivity);
            Assert.Equal(session.StartedAt, session.LastSignal);
            (await app.PingAsync(Id, with: InBrowser(Key))).Is(HttpStatusCode.OK);
            Assert.Equal(others + 1, app.Sessions.Count);

            // Nothing is left of those that are gone.
            Assert.Equal(others + 1, (await app.Sessions.ListAsync(new SessionQuery { PageSize = 1000 })).Count);
            await app.Sessions.EndAllAsync();
            Assert.Equal((0L, (0, 0)), (app.Sessions.Count, OwnershipRaceTests.CountGroups(app)));
        }
    }
}
