using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SessionLifetime.Engine;
using SessionLifetime.Sessions;
using SessionLifetime.Tests.Fakes;
using SessionLifetime.Tests.Http;
using SessionLifetime.Time;

namespace SessionLifetime.Tests.Scoping;

/// <summary>When and how what a session owned is disposed.</summary>
public sealed class DisposalTests
{
    private readonly Ledger _ledger = new();
    private readonly Gate _gate = new();

    [Fact]
    public async Task Items_live_over_requests_and_are_disposed_newest_first_together_with_services_each_once()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        await app.GetAsync("/own", id);
        Assert.Equal("kept 4", (await app.GetAsync("/items", id)).Text);
        await app.ExitAsync(id);

        await ExpectDisposedAsync("late", "Cart", "twice", "early");
    }

    [Theory]
    [InlineData("/silent")]
    [InlineData("/stream")]
    public async Task It_waits_for_the_exit_handlers_and_the_token_and_the_last_request_even_one_that_tells_nothing(string path)
    {
        await using var app = await StartAsync(setup => setup.Sessions += sessions => sessions
            .OnSessionStarted(context => context.Session.Ended.Register(() => _ledger.Disposed.Enqueue("token")))
            .OnApplicationExit(context => _ledger.Disposed.Enqueue("exit, " + context.Session.Items["late"])));
        var id = await app.StartSessionAsync();
        await app.GetAsync("/own", id);
        var silent = app.GetAsync(path, id);
        await _gate.Entered;
        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        await ExpectDisposedAsync("exit, late", "token");
        (await app.GetAsync("/items", id)).Is(HttpStatusCode.OK);
        Assert.Equal(1, app.App.Services.GetRequiredService<SessionDisposer>().Open.Count);

        _gate.Open();
        if (path == "/stream")
        {
            // An event stream is cut when its session ends, unless it was faster; its endpoint still has what the session owned until it has left.
            await Task.WhenAny(silent);
        }
        else
        {
            Assert.Equal("False", (await silent).Text);
        }

        await ExpectDisposedAsync("exit, late", "token", "late", "Cart", "twice", "early");
    }

    [Fact]
    public async Task A_request_in_flight_may_own_more_until_it_leaves_although_its_session_has_ended()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        Assert.Equal("added 1", (await app.GetAsync("/leave-and-own", id)).Text);

        await ExpectDisposedAsync("Cart", "posthumous");
    }

    [Fact]
    public async Task A_stuck_request_delays_it_by_DisposalTimeout_and_no_longer()
    {
        await using var app = await StartAsync(static setup => setup.Options = static options => options.DisposalTimeout = TimeSpan.FromSeconds(7));
        var id = await app.StartSessionAsync();
        await app.GetAsync("/own", id);
        var stuck = app.GetAsync("/silent", id);
        await _gate.Entered;
        await app.ExitAsync(id);
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(7)) == 1);

        app.Time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Empty(_ledger.Disposed);
        app.Time.Advance(TimeSpan.FromSeconds(0.1));
        await ExpectDisposedAsync("late", "Cart", "twice", "early");
        Assert.Contains(app.Log.Lines, static line => line.Id.Id == 61);
        _gate.Open();
        Assert.Equal("True", (await stuck).Text);
    }

    [Fact]
    public async Task Time_in_which_the_process_did_not_run_is_no_part_of_DisposalTimeout()
    {
        var running = 0L;
        var limit = TimeSpan.FromSeconds(7);
        await using var app = await StartAsync(setup =>
        {
            setup.Options = options => options.DisposalTimeout = limit;
            setup.Services += builder => builder.Services.AddSingleton(new ProcessClock(new SessionClock(new FakeTimeProvider(), () => Volatile.Read(ref running))));
        });
        var id = await app.StartSessionAsync();
        await app.GetAsync("/own", id);
        var stuck = app.GetAsync("/silent", id);
        await _gate.Entered;
        await app.ExitAsync(id);
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(limit) == 1);

        // Stopped for an hour: the timer fires, and is armed anew, as the clock stands.
        app.Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, app.Time.CountDueWithin(limit));
        Assert.Empty(_ledger.Disposed);

        Volatile.Write(ref running, (long)limit.TotalMilliseconds);
        app.Time.Advance(limit);
        await ExpectDisposedAsync("late", "Cart", "twice", "early");
        _gate.Open();
        Assert.Equal("True", (await stuck).Text);
    }

    [Fact]
    public async Task One_that_throws_is_logged_and_the_rest_are_disposed_all_the_same()
    {
        await using var app = await StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Map += app => app.MapGet("/throwing", (TabSessionOf tab, ThrowingOwner owner) =>
            {
                tab.Session.Items["first"] = new Owned("first", _ledger);
                tab.Session.Items["bad"] = new ThrowingItem();
                tab.Session.Items["last"] = new Owned("last", _ledger);
                return owner.Unit.GetType().Name;
            });
            setup.Sessions += static sessions => sessions.AddSessionScoped<ThrowingOwner>();
        });
        var id = await app.StartSessionAsync();
        Assert.Equal("Unit", (await app.GetAsync("/throwing", id)).Text);
        await app.ExitAsync(id);

        await ExpectDisposedAsync("last", "first", "Unit");
        Assert.Equal(
            ["SessionLifetime.Tests.Scoping.ThrowingItem", "SessionLifetime.Tests.Scoping.ThrowingOwner"],
            app.Log.Errors.Where(static line => line.Id.Id == 60).Select(static line => line.Text.Split(',')[0]));
    }

    [Fact]
    public async Task It_goes_on_a_thread_of_its_own_also_when_the_sweep_ends_the_session_and_the_object_blocks()
    {
        using var blocked = new ManualResetEventSlim();
        await using var app = await StartAsync(setup => setup.Map += app => app.MapGet("/blocking", (TabSessionOf tab) =>
            tab.Session.Items["blocks"] = new Owned("blocked", _ledger, blocked.Wait)));
        await app.GetAsync("/blocking", await app.StartSessionAsync());
        app.Time.Advance(TimeSpan.FromHours(1));
        await app.SweepAsync();

        Assert.Empty(_ledger.Disposed);
        blocked.Set();
        await ExpectDisposedAsync("blocked");
    }

    [Fact]
    public async Task A_stopping_host_waits_for_it_before_its_own_services_go()
    {
        var app = await StartAsync(setup => setup.Map += app => app.MapGet("/slow", (TabSessionOf tab) =>
            tab.Session.Items["slow"] = new SlowItem(_gate, _ledger)));
        await app.GetAsync("/slow", await app.StartSessionAsync());
        var stopping = app.App.StopAsync();
        await _gate.Entered;
        Assert.False(stopping.IsCompleted);
        _gate.Open();
        await stopping;

        Assert.Equal(["slow"], _ledger.Disposed);
        await app.DisposeAsync();
    }

    [Fact]
    public async Task After_it_nothing_is_left_and_nothing_can_be_added()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var session = (await app.Sessions.ListAsync())[0];
        await app.GetAsync("/own", id);
        await app.ExitAsync(id);
        await ExpectDisposedAsync("late", "Cart", "twice", "early");
        await SessionApp.EventuallyAsync(() => app.App.Services.GetRequiredService<SessionDisposer>().Open.Count == 0);

        Assert.Equal(0, session.Items.Count);
        Assert.Null(session.Items["late"]);
        Assert.Throws<ObjectDisposedException>(() => session.Items["more"] = "more");
        var refused = new Owned("refused", _ledger);
        Assert.Throws<ObjectDisposedException>(() => session.Items.GetOrAdd("more", () => refused));
        Assert.Equal("refused", _ledger.Disposed.Last());
        using var scope = app.App.Services.CreateScope();
        TabSessionAccessor.Enter(scope.ServiceProvider, session);
        Assert.Contains("has ended", Assert.Throws<InvalidOperationException>(scope.ServiceProvider.GetRequiredService<Cart>).Message, StringComparison.Ordinal);
    }

    private Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Sessions = static sessions => sessions.AddSessionScoped<Cart>();
        setup.Services = builder => builder.Services.AddSingleton(_ledger).AddScoped<Unit>();
        setup.Map = app =>
        {
            app.MapGet("/own", (TabSessionOf tab, HttpContext context) =>
            {
                tab.Session.Items["early"] = new Owned("early", _ledger);
                var twice = new Owned("twice", _ledger);
                tab.Session.Items["twice"] = twice;
                tab.Session.Items["again"] = twice;
                tab.Session.Items["replaced"] = new Owned("replaced", _ledger);
                tab.Session.Items["replaced"] = "kept";
                tab.Session.Items["removed"] = new Owned("removed", _ledger);
                tab.Session.Items.Remove("removed");
                tab.Session.Items["again"] = null;
                _ = context.RequestServices.GetRequiredService<Cart>();
                tab.Session.Items["late"] = new Owned("late", _ledger);
            });
            app.MapGet("/items", (HttpContext context) => context.GetTabSession() is { } session ? $"{session.Items["replaced"]} {session.Items.Count}" : "none");
            app.MapGet("/silent", async (TabSessionOf tab) =>
            {
                var late = (Owned)tab.Session.Items["late"]!;
                await _gate.PassAsync();
                return late.IsDisposed.ToString();
            }).WithSessionSignal(SessionSignal.None);
            app.MapGet("/stream", async (TabSessionOf tab, HttpContext context) =>
            {
                var late = (Owned)tab.Session.Items["late"]!;
                context.Response.ContentType = "text/event-stream";
                await context.Response.Body.FlushAsync();
                await _gate.PassAsync();
                await context.Response.WriteAsync(late.IsDisposed.ToString());
            });
            app.MapGet("/leave-and-own", async (TabSessionOf tab, HttpContext context) =>
            {
                await tab.Session.ExitAsync();
                tab.Session.Items["posthumous"] = new Owned("posthumous", _ledger);
                return $"added {context.RequestServices.GetRequiredService<Cart>().Number}";
            });
        };
        configure?.Invoke(setup);
    });

    private async Task ExpectDisposedAsync(params string[] expected)
    {
        await SessionApp.EventuallyAsync(() => _ledger.Disposed.Count >= expected.Length, () => string.Join(", ", _ledger.Disposed));
        Assert.Equal(expected, _ledger.Disposed);
    }
}

/// <summary>An item that says when it is disposed.</summary>
internal sealed class Owned(string name, Ledger ledger, Action? before = null) : IDisposable
{
    public bool IsDisposed { get; private set; }

    public void Dispose()
    {
        before?.Invoke();
        IsDisposed = true;
        ledger.Disposed.Enqueue(name);
    }

    public override string ToString() => name;
}

internal sealed class ThrowingItem : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await Task.Yield();
        throw new TimeoutException("It cannot go.");
    }
}

internal sealed class ThrowingOwner(Unit unit) : IDisposable
{
    public Unit Unit => unit;

    public void Dispose() => throw new TimeoutException("It cannot go either.");
}

internal sealed class SlowItem(Gate gate, Ledger ledger) : IAsyncDisposable
{
    public async ValueTask DisposeAsync()
    {
        await gate.PassAsync();
        ledger.Disposed.Enqueue("slow");
    }
}

/// <summary>The session of the request, as a parameter.</summary>
internal sealed record TabSessionOf(TabSession Session)
{
    public static ValueTask<TabSessionOf> BindAsync(HttpContext context) => new(new TabSessionOf(context.GetTabSession()!));
}
