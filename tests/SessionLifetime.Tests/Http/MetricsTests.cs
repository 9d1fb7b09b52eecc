using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime.Tests.Http;

public sealed class MetricsTests
{
    [Fact]
    public async Task Sessions_signals_and_timeouts_are_counted()
    {
        await using var app = await StartAsync();
        using var counts = new MetricCounts(app);
        var first = await app.StartSessionAsync();
        var second = await app.StartSessionAsync();
        await app.AttachAsync(first, "again");
        await app.PingAsync(first);
        await app.PingAsync(first, """{"stretch":true}""");
        await app.ActivityAsync(first);
        await app.GetAsync("/plain", first);
        await app.GetAsync("/alive", first);
        await app.GetAsync("/none", first);
        await app.CallAsync(HttpMethod.Get, "/stretch", first);
        await app.DetachByBeaconAsync(first);
        await app.StatusAsync(first);
        Assert.Equal(2, counts.Observe("sessionlifetime.sessions.active"));
        await app.ExitAsync(first);
        app.Time.Advance(TimeSpan.FromMinutes(20));
        await app.PingAsync(second);
        app.Time.Advance(TimeSpan.FromMinutes(20) + TimeSpan.FromSeconds(1));
        await app.SweepAsync();

        Assert.Equal(2, counts["sessionlifetime.sessions.started"]);
        Assert.Equal(1, counts["sessionlifetime.sessions.ended reason=Exited"]);
        Assert.Equal(1, counts["sessionlifetime.sessions.ended reason=IdleTimeout"]);
        Assert.Equal(1, counts["sessionlifetime.timeouts.raised"]);
        Assert.Equal(0, counts["sessionlifetime.timeouts.handled"]);
        Assert.Equal(3, counts["sessionlifetime.signals kind=attach"]);
        Assert.Equal(2, counts["sessionlifetime.signals kind=ping"]);
        Assert.Equal(2, counts["sessionlifetime.signals kind=stretch"]);
        Assert.Equal(1, counts["sessionlifetime.signals kind=activity"]);
        Assert.Equal(1, counts["sessionlifetime.signals kind=request"]);
        Assert.Equal(1, counts["sessionlifetime.signals kind=alive-request"]);
        Assert.Equal(1, counts["sessionlifetime.signals kind=detach"]);
        Assert.Equal(1, counts["sessionlifetime.sweep.duration"]);
        Assert.Equal(1, counts["sessionlifetime.sweep.lag"]);
        Assert.Equal(0, counts.Observe("sessionlifetime.sessions.active"));
    }

    [Fact]
    public async Task Handlers_are_measured_and_their_failures_counted()
    {
        await using var app = await StartAsync(setup =>
        {
            setup.ExpectsErrors = true;
            setup.Sessions = builder => builder
                .OnSessionStarted(_ => throw new InvalidOperationException("started"))
                .OnSessionTimeout(context => context.Handled = true);
        });
        using var counts = new MetricCounts(app);
        var id = await app.StartSessionAsync();
        app.Time.Advance(TimeSpan.FromMinutes(20));
        await app.PingAsync(id);

        Assert.Equal(1, counts["sessionlifetime.handlers.failed cause=threw"]);
        Assert.Equal(1, counts["sessionlifetime.handlers.duration event=SessionStarted"]);
        Assert.Equal(1, counts["sessionlifetime.handlers.duration event=SessionTimeout"]);
        Assert.Equal(1, counts["sessionlifetime.timeouts.handled"]);
    }

    [Fact]
    public async Task Every_refusal_is_counted_by_its_cause()
    {
        await using var app = await StartAsync(setup => setup.Options = options => options.MaxSessions = 1);
        using var counts = new MetricCounts(app);
        var id = await app.StartSessionAsync();

        (await app.AttachAsync()).Is(HttpStatusCode.ServiceUnavailable);
        (await app.PingAsync(null)).Is(HttpStatusCode.PreconditionRequired);
        (await app.GetAsync("/required", null)).Is(HttpStatusCode.PreconditionRequired);
        (await app.PingAsync("malformed")).Is(HttpStatusCode.NotFound);
        (await app.GetAsync("/required", "malformed")).Is(HttpStatusCode.NotFound);
        (await app.PingAsync(id, "{")).Is(HttpStatusCode.BadRequest);
        (await app.PostAsync("/attach", null, "{}")).Is(HttpStatusCode.BadRequest);
        (await app.PingAsync(id, new string(' ', 5000))).Is(HttpStatusCode.RequestEntityTooLarge);
        (await app.CallAsync(HttpMethod.Post, "/ping", id, "{}", "text/plain")).Is(HttpStatusCode.UnsupportedMediaType);
        await app.ExitAsync(id);
        (await app.PingAsync(id)).Is(HttpStatusCode.Gone);
        (await app.GetAsync("/required", id)).Is(HttpStatusCode.Gone);

        Assert.Equal(1, counts["sessionlifetime.refused cause=capacity"]);
        Assert.Equal(2, counts["sessionlifetime.refused cause=missing"]);
        Assert.Equal(2, counts["sessionlifetime.refused cause=unknown"]);
        Assert.Equal(2, counts["sessionlifetime.refused cause=ended"]);
        Assert.Equal(4, counts["sessionlifetime.refused cause=body"]);
    }

    [Fact]
    public async Task No_tag_of_a_metric_holds_an_id()
    {
        await using var app = await StartAsync();
        using var counts = new MetricCounts(app);
        var start = await app.AttachAsync();
        await app.PingAsync(start.Id);
        await app.ExitAsync(start.Id);

        Assert.Contains(counts.Names, static name => name.StartsWith("sessionlifetime.", StringComparison.Ordinal));
        Assert.All(counts.Names, name =>
        {
            Assert.DoesNotContain(start.Id!, name, StringComparison.Ordinal);
            Assert.DoesNotContain(start.String("session")!, name, StringComparison.Ordinal);
        });
    }

    private static Task<SessionApp> StartAsync(Action<SessionAppSetup>? configure = null) => SessionApp.StartAsync(setup =>
    {
        setup.Map = static web =>
        {
            web.MapGet("/plain", static () => "plain");
            web.MapGet("/alive", static () => "alive").WithSessionSignal(SessionSignal.Alive);
            web.MapGet("/none", static () => "none").WithSessionSignal(SessionSignal.None);
            web.MapGet("/required", static () => "required").RequireTabSession();
        };
        configure?.Invoke(setup);
    });
}
