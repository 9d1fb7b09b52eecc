using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace SessionLifetime.Tests.Http;

/// <summary>What an app sees and does from outside: all its sessions, their health, the stopping server.</summary>
public sealed class AdministrationTests
{
    [Fact]
    public async Task Living_sessions_are_counted_and_found_by_their_public_id_only()
    {
        await using var app = await SessionApp.StartAsync();
        var first = await app.AttachAsync();
        var second = await app.AttachAsync();

        Assert.Equal(2, app.Sessions.Count);
        Assert.Equal(first.String("session"), (await app.Sessions.FindAsync(first.String("session")!))!.Id);
        Assert.Null(await app.Sessions.FindAsync(first.Id!));
        foreach (var nothing in new[] { "", " ", "AAAAAAAAAAA", "x", "AAAAAAAAAA\n", "AAAAAAAAAAA=", new string('A', 10_000), "ÄÄÄÄÄÄÄÄÄÄÄ" })
        {
            Assert.Null(await app.Sessions.FindAsync(nothing));
            Assert.False(await app.Sessions.EndAsync(nothing));
        }

        await app.ExitAsync(first.Id);
        Assert.Equal(1, app.Sessions.Count);
        Assert.Null(await app.Sessions.FindAsync(first.String("session")!));
        Assert.NotNull(await app.Sessions.FindAsync(second.String("session")!));
    }

    [Fact]
    public async Task An_expired_session_is_not_found_although_no_sweep_came()
    {
        await using var app = await SessionApp.StartAsync();
        var session = (await app.AttachAsync()).String("session")!;
        app.Time.Advance(TimeSpan.FromMinutes(40));

        Assert.Null(await app.Sessions.FindAsync(session));
        Assert.Equal(0, app.Sessions.Count);
    }

    [Fact]
    public async Task A_list_comes_in_pages_and_misses_nobody()
    {
        await using var app = await SessionApp.StartAsync();
        var started = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < 10; i++)
        {
            started.Add((await app.AttachAsync()).String("session")!);
        }

        var listed = new List<string>();
        string? after = null;
        IReadOnlyList<TabSession> page;
        while ((page = await app.Sessions.ListAsync(new SessionQuery { PageSize = 3, After = after })).Count > 0)
        {
            Assert.True(page.Count <= 3);
            listed.AddRange(page.Select(session => session.Id));
            after = page[^1].Id;
            if (listed.Count == 3)
            {
                // Whoever ends meanwhile, even the mark itself, moves nobody else.
                await app.Sessions.EndAsync(after);
            }
        }

        Assert.Equal(10, listed.Count);
        Assert.Equal(started.Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => app.Sessions.ListAsync(new SessionQuery { PageSize = 0 }).AsTask());
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => app.Sessions.ListAsync(new SessionQuery { PageSize = 1001 }).AsTask());
        await Assert.ThrowsAsync<ArgumentException>(() => app.Sessions.ListAsync(new SessionQuery { After = "nobody" }).AsTask());
    }

    [Fact]
    public async Task An_administrator_ends_one_session_once()
    {
        await using var app = await SessionApp.StartRecordingAsync();
        var answer = await app.AttachAsync();
        var session = (await app.Sessions.FindAsync(answer.String("session")!))!;
        var ended = session.Ended;

        Assert.True(await app.Sessions.EndAsync(session.Id));
        Assert.False(await app.Sessions.EndAsync(session.Id));

        Assert.Equal("Revoked", (await app.StatusAsync(answer.Id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
        Assert.Equal(["SessionStarted", "ApplicationExit Revoked"], app.Events);
        Assert.Equal(SessionEndReason.Revoked, session.EndReason);
        Assert.Equal(SessionState.Ended, session.State);
        await SessionApp.EventuallyAsync(() => ended.IsCancellationRequested);
    }

    [Fact]
    public async Task An_administrator_ends_all_sessions_but_one()
    {
        await using var app = await SessionApp.StartAsync();
        var own = await app.AttachAsync();
        for (var i = 0; i < 5; i++)
        {
            await app.AttachAsync();
        }

        Assert.Equal(5, await app.Sessions.EndAllAsync(await app.Sessions.FindAsync(own.String("session")!), SessionEndReason.Displaced));

        Assert.Equal(1, app.Sessions.Count);
        (await app.StatusAsync(own.Id)).Is(HttpStatusCode.OK);
        Assert.Equal(1, await app.Sessions.EndAllAsync());
        Assert.Equal("Revoked", (await app.StatusAsync(own.Id)).String("reason"));
        Assert.Equal(0, await app.Sessions.EndAllAsync());
    }

    [Fact]
    public async Task A_stopping_server_ends_every_session_tells_why_and_starts_none()
    {
        var gate = new Gate();
        await using var app = await SessionApp.StartRecordingAsync(setup => setup.Sessions = builder => builder
            .OnApplicationExit(async (_, cancellationToken) => await gate.PassAsync(cancellationToken)));
        var ids = new[] { await app.StartSessionAsync(), await app.StartSessionAsync() };

        app.App.Lifetime.StopApplication();
        await gate.Entered;
        await SessionApp.EventuallyAsync(() => app.Sessions.Count == 0);

        foreach (var id in ids)
        {
            Assert.Equal("HostStopping", (await app.StatusAsync(id)).IsProblem(HttpStatusCode.Gone, "sessionEnded").String("reason"));
            (await app.AttachAsync(id)).Is(HttpStatusCode.ServiceUnavailable);
        }

        Assert.NotNull((await app.AttachAsync()).Is(HttpStatusCode.ServiceUnavailable).Header("Retry-After"));
        gate.Open();
        await app.App.StopAsync();
        Assert.Equal(2, app.Events.Count(line => line == "ApplicationExit HostStopping"));
        Assert.DoesNotContain(app.Log.Lines, line => line.Text.Contains("although", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_stops_in_time_whatever_its_handlers_do()
    {
        var gate = new Gate();
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Options = options =>
            {
                options.ShutdownTimeout = TimeSpan.FromSeconds(5);
                options.HandlerTimeout = TimeSpan.FromHours(1);
            };
            setup.Sessions = builder => builder.OnApplicationExit(async (_, _) => await gate.PassAsync(CancellationToken.None));
        });
        await app.StartSessionAsync();
        var stop = app.App.StopAsync();
        await gate.Entered;
        await SessionApp.EventuallyAsync(() => app.Time.CountDueWithin(TimeSpan.FromSeconds(5)) == 1);

        app.Time.Advance(TimeSpan.FromSeconds(5));
        await stop;

        Assert.Contains(app.Log.Lines, line => line.Text.Contains("ApplicationExit handlers of 1 sessions have not finished within 00:00:05", StringComparison.Ordinal));
        gate.Open();
    }

    [Fact]
    public async Task Health_tells_of_the_sweep_and_of_the_room_left()
    {
        await using var app = await SessionApp.StartAsync(setup =>
        {
            // The framework logs an unhealthy report as an error.
            setup.ExpectsErrors = true;
            setup.Options = options =>
            {
                options.MaxSessions = 10;
                options.SweepInterval = TimeSpan.FromMinutes(1);
            };
            setup.Services = builder => builder.Services.AddHealthChecks().AddSessionLifetime();
        });
        var health = app.App.Services.GetRequiredService<HealthCheckService>();
        Assert.Equal(HealthStatus.Healthy, (await health.CheckHealthAsync()).Status);

        for (var i = 0; i < 9; i++)
        {
            await app.StartSessionAsync();
        }

        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync()).Status);
        app.Time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync()).Status);
        app.Time.Advance(TimeSpan.FromTicks(1));
        var report = await health.CheckHealthAsync();
        Assert.Equal(HealthStatus.Unhealthy, report.Status);
        Assert.Equal(9L, report.Entries["SessionLifetime"].Data["sessions"]);
        await app.SweepAsync();
        Assert.Equal(HealthStatus.Degraded, (await health.CheckHealthAsync()).Status);
    }
}
