using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Http.Requests;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Http;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Scoping;

/// <summary>Requests of one session that run one at a time.</summary>
public sealed class SerializedRequestTests
{
    private readonly ConcurrentDictionary<string, Gate> _gates = new();
    private readonly ConcurrentQueue<string> _log = new();
    private int _inside;

    [Fact]
    public async Task They_run_one_at_a_time_in_the_order_in_which_they_came()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var requests = new List<Task<Answer>>();
        for (var i = 0; i < 10; i++)
        {
            requests.Add(app.GetAsync($"/turn/{i}", id));
            await At("0").Entered;
            await WaitingAsync(app, id, i);
        }

        for (var i = 0; i < 10; i++)
        {
            await At($"{i}").Entered;
            Assert.Equal(i + 1, _log.Count);
            At($"{i}").Open();
            (await requests[i]).Is(HttpStatusCode.OK);
        }

        Assert.Equal(Enumerable.Range(0, 10).Select(static i => $"{i} 1"), _log);
    }

    [Fact]
    public async Task Pings_and_unmarked_requests_and_other_sessions_and_requests_without_one_never_wait()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;

        (await app.PingAsync(id)).Is(HttpStatusCode.OK);
        (await app.StatusAsync(id)).Is(HttpStatusCode.OK);
        (await app.GetAsync("/free", id)).Is(HttpStatusCode.OK);
        foreach (var other in (string?[])[await app.StartSessionAsync(), null])
        {
            At("other").Open();
            (await app.GetAsync("/turn/other", other)).Is(HttpStatusCode.OK);
        }

        At("first").Open();
        (await first).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_waiter_whose_time_is_up_gets_503_and_leaves_the_queue()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        var late = app.GetAsync("/turn/late", id);
        await WaitingAsync(app, id, 1);
        app.Time.Advance(TimeSpan.FromSeconds(5));
        var refused = (await late).IsProblem(HttpStatusCode.ServiceUnavailable, "sessionBusy");
        Assert.Equal("1", refused.Header("Retry-After"));
        Assert.Contains("5 seconds", refused.String("detail"), StringComparison.Ordinal);

        var next = app.GetAsync("/turn/next", id);
        await WaitingAsync(app, id, 1);
        At("first").Open();
        At("next").Open();
        (await next).Is(HttpStatusCode.OK);
        (await first).Is(HttpStatusCode.OK);
        Assert.Equal(["first 1", "next 1"], _log);
    }

    [Fact]
    public async Task A_waiter_is_not_refused_because_the_process_did_not_run()
    {
        var running = 0L;
        await using var app = await StartAsync(setup => setup.Services += builder =>
            builder.Services.AddSingleton(new ProcessClock(new SessionClock(new FakeTimeProvider(), () => Volatile.Read(ref running)))));
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        var second = app.GetAsync("/turn/second", id);
        await WaitingAsync(app, id, 1);
        var late = app.GetAsync("/turn/late", id);
        await WaitingAsync(app, id, 2);

        // Stopped for five minutes: the timers fire, and are armed anew, as the clock stands.
        app.Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(2, app.Time.CountDueWithin(TimeSpan.FromSeconds(5)));
        At("first").Open();
        await At("second").Entered;

        // The time that the process ran is the second's turn, and the third's wait.
        Volatile.Write(ref running, 5_000);
        app.Time.Advance(TimeSpan.FromSeconds(5));
        (await late).IsProblem(HttpStatusCode.ServiceUnavailable, "sessionBusy");
        At("second").Open();
        (await second).Is(HttpStatusCode.OK);
        (await first).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_waiter_counts_when_it_comes_and_holds_the_clocks()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(1));
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        var waiter = app.GetAsync("/turn/second", id);
        await WaitingAsync(app, id, 1);
        app.Time.Advance(TimeSpan.FromSeconds(4));
        At("second").Open();
        At("first").Open();
        await Task.WhenAll(first, waiter);

        Assert.Equal(TimeSpan.Zero, (await app.ClocksAsync(id)).Idle);
    }

    [Fact]
    public async Task An_aborted_waiter_leaves_the_queue()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        using var abort = new CancellationTokenSource();
        using var request = SessionApp.NewRequest(HttpMethod.Get, "/turn/aborted", id);
        var aborted = app.Client.SendAsync(request, abort.Token);
        await WaitingAsync(app, id, 1);
        await abort.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => aborted);
        await WaitingAsync(app, id, 0);

        At("first").Open();
        (await first).Is(HttpStatusCode.OK);
        At("next").Open();
        (await app.GetAsync("/turn/next", id)).Is(HttpStatusCode.OK);
        Assert.Equal(["first 1", "next 1"], _log);
    }

    [Fact]
    public async Task When_the_session_ends_in_the_middle_the_waiters_get_at_once_what_an_ended_session_gets()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        var plain = app.GetAsync("/turn/plain", id);
        await WaitingAsync(app, id, 1);
        var strict = app.GetAsync("/strict", id);
        await WaitingAsync(app, id, 2);
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);

        (await strict).IsProblem(HttpStatusCode.Gone, "sessionEnded");
        At("plain").Open();
        var passed = (await plain).Is(HttpStatusCode.OK);
        Assert.Equal("none", passed.Text);
        Assert.Equal("ended", passed.Header("X-Session-State"));
        Assert.False(first.IsCompleted);
        At("first").Open();
        (await first).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_queue_is_bounded()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        At("more").Open();
        var waiting = Enumerable.Range(0, SessionRequestQueue.MaxWaiting).Select(_ => app.GetAsync("/turn/more", id)).ToList();
        await WaitingAsync(app, id, SessionRequestQueue.MaxWaiting);
        (await app.GetAsync("/turn/more", id)).IsProblem(HttpStatusCode.ServiceUnavailable, "sessionBusy");

        At("first").Open();
        Assert.All(await Task.WhenAll(waiting), static answer => answer.Is(HttpStatusCode.OK));
        (await first).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task The_attribute_does_the_same_and_an_error_page_does_not_wait_for_itself()
    {
        await using var app = await StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Before = static app => app.UseExceptionHandler("/turn/error");
            setup.Services = static builder => builder.Services.AddControllers().AddApplicationPart(typeof(SerializedController).Assembly);
            setup.Map += static app => app.MapControllers();
        });
        var id = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", id);
        await At("first").Entered;
        var second = app.GetAsync("/state/serialized", id);
        await WaitingAsync(app, id, 1);
        app.Time.Advance(TimeSpan.FromSeconds(2.5));
        (await second).IsProblem(HttpStatusCode.ServiceUnavailable, "sessionBusy");
        At("first").Open();
        (await first).Is(HttpStatusCode.OK);

        At("error").Open();
        (await app.GetAsync("/fails", id)).Is(HttpStatusCode.InternalServerError);
        Assert.Contains("error 1", _log);
    }

    [Fact]
    public async Task Twenty_requests_each_of_a_thousand_sessions_come_through_and_never_two_of_one_at_a_time()
    {
        var inside = new ConcurrentDictionary<string, int>(StringComparer.Ordinal);
        var together = 0;
        var served = 0;
        await using var app = await StartAsync(setup => setup.Map += app => app.MapGet("/crowd", async (HttpContext context) =>
        {
            var id = context.GetTabSession()!.Id;
            Interlocked.Add(ref together, inside.AddOrUpdate(id, 1, static (_, count) => count + 1) - 1);
            await Task.Yield();
            inside.AddOrUpdate(id, 0, static (_, count) => count - 1);
            Interlocked.Increment(ref served);
        }).SerializePerSession(TimeSpan.FromDays(1)));
        var ids = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => app.StartSessionAsync()));
        var requests = ids.SelectMany(id => Enumerable.Range(0, 20).Select(_ => Task.Run(() => app.GetAsync("/crowd", id))));
        Assert.All(await Task.WhenAll(requests).WaitAsync(TimeSpan.FromMinutes(2)), static answer => answer.Is(HttpStatusCode.OK));

        Assert.Equal(20_000, served);
        Assert.Equal(0, together);
    }

    [Fact]
    public void Timeouts_that_are_none_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(static () => new SerializePerSessionAttribute { TimeoutSeconds = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(static () => new SerializePerSessionAttribute { TimeoutSeconds = 86_401 });
        Assert.Equal(TimeSpan.FromSeconds(30), new SerializePerSessionAttribute().Timeout);
    }

    private static async Task WaitingAsync(SessionApp app, string id, int count)
    {
        var engine = app.App.Services.GetRequiredService<SessionEngine>();
        Assert.True(SessionId.TryParse(id, out var secret) && engine.Directory.TryGet(secret, out _));
        engine.Directory.TryGet(secret, out var entry);
        await SessionApp.EventuallyAsync(() => (engine.TabSessionOf(entry!).Owned.Part<SessionRequestQueue>()?.Waiting ?? 0) == count);
    }

    private Gate At(string name) => _gates.GetOrAdd(name, static _ => new Gate());

    private Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Map = app =>
        {
            app.MapGet("/turn/{name}", async (string name, HttpContext context) =>
            {
                if (context.GetTabSession() is { } session)
                {
                    _log.Enqueue($"{name} {Interlocked.Increment(ref _inside)}");
                    await At(name).PassAsync();
                    Interlocked.Decrement(ref _inside);
                    return session.Id;
                }

                return "none";
            }).SerializePerSession(TimeSpan.FromSeconds(5));
            app.MapGet("/strict", static () => "strict").RequireTabSession().SerializePerSession();
            app.MapGet("/free", static () => "free");
            app.MapGet("/fails", static string () => throw new TimeoutException("It fails.")).SerializePerSession();
        };
        configure?.Invoke(setup);
    });
}

[ApiController]
public sealed class SerializedController : ControllerBase
{
    [HttpGet("/state/serialized")]
    [SerializePerSession(TimeoutSeconds = 2.5)]
    public string Get() => Request.Path;
}
