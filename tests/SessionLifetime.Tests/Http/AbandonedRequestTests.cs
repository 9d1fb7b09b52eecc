using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Tests.Scoping;

namespace SessionLifetime.Tests.Http;

/// <summary>Requests whose pipeline a middleware in front does not wait for: their responses complete while they run.</summary>
public sealed class AbandonedRequestTests
{
    private const string AbandonHeader = "X-Test-Abandon";

    private readonly ConcurrentDictionary<string, Gate> _gates = new();
    private readonly ConcurrentQueue<string> _seen = new();

    [Fact]
    public async Task It_does_not_close_the_session_of_a_request_that_came_later()
    {
        await using var app = await StartAsync();
        var abandoned = await app.StartSessionAsync();
        var others = new List<(string Id, Task<Answer> Request, string Gate)>();
        await AbandonAsync(app, "/late/late", abandoned, "late");

        // As many as find whatever the abandoned request has given back too early.
        for (var n = 0; n < 16; n++)
        {
            var id = await app.StartSessionAsync();
            others.Add((id, app.GetAsync($"/gated/other-{n}", id), $"other-{n}"));
            await At($"other-{n}").Entered;
        }

        At("late").Open();
        await At("late done").Entered;
        foreach (var (id, _, _) in others)
        {
            (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        }

        var ledger = app.App.Services.GetRequiredService<Ledger>();
        foreach (var (_, request, gate) in others)
        {
            At(gate).Open();
            Assert.Equal("live", (await request).Is(HttpStatusCode.OK).Text);
        }

        await SessionApp.EventuallyAsync(() => ledger.Disposed.Count == 16);
    }

    [Fact]
    public async Task What_its_session_owns_is_disposed_when_it_is_done()
    {
        await using var app = await StartAsync();
        var id = await app.StartSessionAsync();
        var session = (await app.Sessions.FindAsync((await app.StatusAsync(id)).String("session")!))!;
        await AbandonAsync(app, "/late/late", id, "late");

        (await app.ExitAsync(id)).Is(HttpStatusCode.NoContent);
        await session.Completion;

        // What another session owned, which ended later, is disposed by now.
        var ledger = app.App.Services.GetRequiredService<Ledger>();
        var other = await app.StartSessionAsync();
        At("other").Open();
        Assert.Equal("live", (await app.GetAsync("/gated/other", other)).Text);
        (await app.ExitAsync(other)).Is(HttpStatusCode.NoContent);
        await SessionApp.EventuallyAsync(() => !ledger.Disposed.IsEmpty);
        At("late").Open();

        await At("late done").Entered;
        Assert.Equal(["late live"], _seen);
        await SessionApp.EventuallyAsync(() => ledger.Disposed.Count == 2);
    }

    [Fact]
    public async Task One_that_still_waits_for_its_turn_does_not_enter_the_request_that_follows_on_its_connection()
    {
        await using var app = await StartAsync();
        var ann = await app.StartSessionAsync();
        var bob = await app.StartSessionAsync();
        var first = app.GetAsync("/turn/first", ann);
        await At("first").Entered;
        await AbandonAsync(app, "/turn/late", ann, "late", isQueued: true);

        var following = app.GetAsync("/who/following", bob);
        await At("following").Entered;
        At("first").Open();
        (await first).Is(HttpStatusCode.OK);
        await At("late done").Entered;
        At("following").Open();

        Assert.Equal((await app.StatusAsync(bob)).String("session"), (await following).Is(HttpStatusCode.OK).Text);
        Assert.DoesNotContain("late", string.Concat(_seen), StringComparison.Ordinal);
    }

    private Gate At(string name) => _gates.GetOrAdd(name, static _ => new());

    /// <summary>Sends a request, and has the middleware in front go on without it.</summary>
    private async Task AbandonAsync(SessionApp app, string path, string id, string name, bool isQueued = false)
    {
        var answer = app.GetAsync(path, id, request => request.Headers.Add(AbandonHeader, name));
        await At(isQueued ? name + " sent" : name).Entered;
        At(name + " abandoned").Open();
        (await answer).Is(HttpStatusCode.Accepted);
    }

    private Task<SessionApp> StartAsync() => SessionApp.StartAsync(setup =>
    {
        setup.Kestrel = true;
        setup.Sessions = static sessions => sessions.AddSessionScoped<Cart>();
        setup.Services = static builder => builder.Services.AddSingleton<Ledger>();
        setup.Before = web => web.Use(async (context, next) =>
        {
            if (context.Request.Headers[AbandonHeader] is not [{ } name])
            {
                await next(context);
                return;
            }

            var running = next(context);
            _ = TellAsync(running, name);
            At(name + " sent").Open();
            _ = At(name + " sent").PassAsync();
            await Task.WhenAny(running, At(name + " abandoned").PassAsync());
            context.Response.StatusCode = StatusCodes.Status202Accepted;
        });
        setup.Map = web =>
        {
            web.MapGet("/gated/{gate}", async (string gate, Cart cart) =>
            {
                await At(gate).PassAsync();
                return cart.IsDisposed ? "disposed" : "live";
            });

            // Writes nothing: its context may serve another request by then.
            web.MapGet("/late/{gate}", async (string gate, Cart cart) =>
            {
                await At(gate).PassAsync();
                _seen.Enqueue($"{gate} {(cart.IsDisposed ? "disposed" : "live")}");
            });
            web.MapGet("/turn/{gate}", async (string gate) =>
            {
                _seen.Enqueue(gate);
                await At(gate).PassAsync();
            }).SerializePerSession();
            web.MapGet("/who/{gate}", async (HttpContext context, string gate) =>
            {
                await At(gate).PassAsync();
                return context.GetTabSession()?.Id;
            });
        };
    });

    private async Task TellAsync(Task running, string name)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        At(name + " done").Open();
        await At(name + " done").PassAsync();
    }
}
