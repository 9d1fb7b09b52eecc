using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Sessions;
using SessionLifetime.Tests.Engine;
using SessionLifetime.Tests.Http;

namespace SessionLifetime.Tests.Scoping;

/// <summary>Creation against creation, and creation against the end, on real threads.</summary>
public sealed class OwnershipRaceTests
{
    [Fact]
    public async Task Sixty_four_requests_at_once_on_a_fresh_session_make_one_instance()
    {
        var ledger = new Ledger();
        var together = new Gathering(64);
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Sessions = static sessions => sessions.AddSessionScoped<Cart>();
            setup.Services = builder => builder.Services.AddSingleton(ledger);
            setup.Map = app => app.MapGet("/cart", async (HttpContext context) =>
            {
                await together.ArriveAsync();
                return context.RequestServices.GetRequiredService<Cart>().Number;
            });
        });
        for (var round = 1; round <= 20; round++)
        {
            together.Reset();
            var id = await app.StartSessionAsync();
            var answers = await Task.WhenAll(Enumerable.Range(0, 64).Select(_ => app.GetAsync("/cart", id)));
            Assert.All(answers, answer => Assert.Equal($"{round}", answer.Text));
        }

        Assert.Equal(20, ledger.Made);
    }

    [Fact]
    public async Task An_end_that_races_with_creation_never_leaves_one_undisposed_and_never_disposes_one_in_use()
    {
        var ledger = new Ledger();
        var inUse = 0;
        await using var app = await SessionApp.StartAsync(setup =>
        {
            setup.Sessions = static sessions => sessions.AddSessionScoped<Cart>();
            setup.Services = builder => builder.Services.AddSingleton(ledger);
            setup.Map = app => app.MapGet("/cart", async (HttpContext context) =>
            {
                if (context.GetTabSession() is null)
                {
                    return;
                }

                var cart = context.RequestServices.GetRequiredService<Cart>();
                for (var i = 0; i < 3; i++)
                {
                    await Task.Yield();
                    Interlocked.Add(ref inUse, cart.IsDisposed ? 1 : 0);
                }
            });
        });
        for (var round = 0; round < 1500; round++)
        {
            var id = await app.StartSessionAsync();
            await Task.WhenAll(Task.Run(() => app.GetAsync("/cart", id)), Task.Run(() => app.GetAsync("/cart", id)), Task.Run(() => app.ExitAsync(id)));
        }

        await app.App.Services.GetRequiredService<SessionDisposer>().Open.WhenNoneAsync();
        Assert.Equal(0, inUse);
        Assert.InRange(ledger.Made, 1, 1500);
        Assert.Equal(ledger.Made, ledger.Disposed.Count);
    }

    /// <summary>Work that is no request is not waited for; what it makes too late is disposed all the same.</summary>
    [Fact]
    public async Task An_end_that_races_with_creation_outside_any_request_never_leaves_one_undisposed()
    {
        var ledger = new Ledger();
        await using var host = new EngineHost(subscribe: sessions =>
        {
            sessions.Services.AddSingleton(ledger);
            sessions.AddSessionScoped<Cart>();
        });
        var refused = 0;
        for (var round = 0; round < 3000; round++)
        {
            var session = host.Engine.TabSessionOf(await host.StartAsync());
            await Task.WhenAll(
                Task.Run(() => Make(() => session.Items.GetOrAdd("item", () => new Cart(ledger)))),
                Task.Run(() => Make(() =>
                {
                    using var scope = host.Get<IServiceScopeFactory>().CreateScope();
                    var accessor = TabSessionAccessor.Enter(scope.ServiceProvider, session);
                    scope.ServiceProvider.GetRequiredService<Cart>();
                    accessor!.Leave();
                })),
                Task.Run(session.ExitAsync));
        }

        await host.Get<SessionDisposer>().Open.WhenNoneAsync();
        Assert.Equal(ledger.Made, ledger.Disposed.Count);

        void Make(Action make)
        {
            try
            {
                make();
            }
            catch (InvalidOperationException)
            {
                // Told that the session has ended.
                Interlocked.Increment(ref refused);
            }
        }
    }

    /// <summary>Lets so many go on when so many have come.</summary>
    private sealed class Gathering(int count)
    {
        private TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _arrived;

        public void Reset() => (_arrived, _all) = (0, new(TaskCreationOptions.RunContinuationsAsynchronously));

        public Task ArriveAsync()
        {
            if (Interlocked.Increment(ref _arrived) == count)
            {
                _all.TrySetResult();
            }

            return _all.Task;
        }
    }
}
