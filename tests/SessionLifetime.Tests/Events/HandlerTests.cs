using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Tests.Engine;

namespace SessionLifetime.Tests.Events;

public sealed class HandlerTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task ThrowingHandler_IsLogged_TheOthersRunAndTheSessionEnds()
    {
        var heard = new List<string>();
        await using var host = Host(builder => builder
            .OnApplicationExit(_ => throw new InvalidOperationException("first"))
            .OnApplicationExit(_ => heard.Add("second"))
            .AddHandler<ThrowingHandler>());
        host.Events.ApplicationExit += (_, _) => throw new InvalidOperationException("event");
        host.Events.ApplicationExit += (_, _) => heard.Add("last");
        var entry = await host.StartAsync();

        await host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);

        Assert.Equal(["second", "last"], heard);
        Assert.Equal(3, host.Log.Errors.Count());
        Assert.Equal(SessionState.Ended, entry.Read().State);
    }

    [Fact]
    public async Task ThrowingTimeoutHandler_HasNotHandled()
    {
        await using var host = Host(builder => builder.OnSessionTimeout(context =>
        {
            context.Handled = true;
            throw new InvalidOperationException();
        }));
        var entry = await TimeOutAsync(host);

        Assert.Equal(SessionState.TimedOut, entry.Read().State);
    }

    [Fact]
    public async Task ThrowingTimeoutHandler_LeavesWhatOthersHandled()
    {
        await using var host = Host(builder => builder
            .OnSessionTimeout(context => context.Handled = true)
            .OnSessionTimeout(context =>
            {
                context.Handled = false;
                throw new InvalidOperationException();
            }));
        var entry = await TimeOutAsync(host);

        Assert.Equal(SessionState.Active, entry.Read().State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task HangingHandler_IsCutOffAtItsTimeLimit_AndWhatItSaysLaterReachesNobody(bool blocksItsThread)
    {
        var hangs = new TaskCompletionSource<SessionTimeoutContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var letGo = new ManualResetEventSlim();
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = false;
        var next = 0;
        await using var host = Host(builder => builder
            .OnSessionTimeout(async (context, cancellationToken) =>
            {
                hangs.TrySetResult(context);
                if (blocksItsThread)
                {
                    letGo.Wait(TestContext.Current.CancellationToken);
                }
                else
                {
                    try
                    {
                        await Task.Delay(Timeout.Infinite, cancellationToken);
                    }
                    catch (OperationCanceledException)
                    {
                        cancelled = true;
                    }
                }

                context.Handled = true;
                gone.SetResult();
            })
            .OnSessionTimeout(_ => next++));
        var entry = await host.StartAsync();
        host.Time.Advance(s_timeout);
        await host.Sweeper.SweepAsync();
        await hangs.Task;

        // Another session is not delayed meanwhile.
        var other = await host.StartAsync();
        await host.Engine.EndAndWaitAsync(other, SessionEndReason.Exited);

        // The session itself is timed out, no countdown shows, and rule 5 is not applied.
        Assert.True(entry.Read().Raising);
        Assert.Null(host.Engine.StatusOf(entry).Countdown);
        host.Time.Advance(TimeSpan.FromSeconds(29));
        Assert.True(entry.Read().Raising);
        host.Time.Advance(TimeSpan.FromSeconds(1));
        await host.SettleAsync(entry);

        Assert.Equal(SessionState.TimedOut, entry.Read().State);
        Assert.NotNull(host.Engine.StatusOf(entry).Countdown);
        letGo.Set();
        await gone.Task;
        Assert.Equal(SessionState.TimedOut, entry.Read().State);
        Assert.Equal(1, next);
        Assert.Equal(!blocksItsThread, cancelled);
        Assert.Contains(host.Log.Errors, line => line.Text.Contains("abandoned", StringComparison.Ordinal));
    }

    [Fact]
    public async Task HangingExitHandler_KeepsNoSessionHalfEnded()
    {
        var hangs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var host = Host(builder => builder.OnApplicationExit((_, _) =>
        {
            hangs.TrySetResult();
            return new ValueTask(new TaskCompletionSource().Task);
        }));
        var entry = await host.StartAsync();
        var exit = host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        await hangs.Task;

        Assert.Equal(SessionState.Ended, entry.Read().State);
        Assert.Equal(0, host.Sessions.Count);
        Assert.False(exit.IsCompleted);
        Assert.False(host.Engine.TabSessionOf(entry).Ended.IsCancellationRequested);

        var cancelled = new TaskCompletionSource();
        host.Engine.TabSessionOf(entry).Ended.Register(cancelled.SetResult);
        host.Time.Advance(TimeSpan.FromSeconds(30));
        await exit;
        await cancelled.Task;
    }

    [Fact]
    public async Task AsyncHandler_IsWaitedFor_AndItsWordCounts()
    {
        await using var host = Host(builder => builder.OnSessionTimeout(async (context, _) =>
        {
            await Task.Yield();
            context.Handled = true;
        }));
        var entry = await TimeOutAsync(host);

        Assert.Equal(SessionState.Active, entry.Read().State);
    }

    [Fact]
    public async Task AsyncLambdaAsAction_IsWaitedFor_AndItsWordCounts()
    {
        await using var host = Host(builder => builder.OnSessionTimeout(async context =>
        {
            await Task.Yield();
            context.Handled = true;
        }));
        var entry = await TimeOutAsync(host);

        Assert.Equal(SessionState.Active, entry.Read().State);
    }

    [Fact]
    public async Task AsyncVoidSubscriber_IsWaitedFor()
    {
        await using var host = Host();
        host.Events.SessionTimeout += async (_, e) =>
        {
            await Task.Yield();
            await Task.Yield();
            e.Handled = true;
        };
        var entry = await TimeOutAsync(host);

        Assert.Equal(SessionState.Active, entry.Read().State);
    }

    [Fact]
    public async Task AsyncVoidSubscriberThatThrows_IsLoggedAndNotFatal()
    {
        await using var host = Host();
        host.Events.SessionTimeout += async (_, e) =>
        {
            e.Handled = true;
            await Task.Yield();
            throw new InvalidOperationException("async void");
        };
        var entry = await TimeOutAsync(host);

        Assert.Equal(SessionState.TimedOut, entry.Read().State);
        Assert.Equal("async void", Assert.Single(host.Log.Errors).Exception!.Message);
    }

    [Fact]
    public async Task HandlerThatExitsItsOwnSession_ReturnsOnceTheEndIsDecided()
    {
        TabSession? seen = null;
        await using var host = Host(builder => builder
            .OnSessionTimeout(async (context, _) =>
            {
                await context.Session.ExitAsync();
                seen = context.Session;
                context.Handled = true;
            }));
        host.Record();
        var entry = await host.StartAsync();
        host.Time.Advance(s_timeout);
        await host.Sweeper.SweepAsync();
        await host.SettleAsync(entry);

        Assert.Equal(SessionEndReason.Exited, seen!.EndReason);
        Assert.Equal(["SessionStarted", "SessionTimeout 1", "ApplicationExit Exited"], host.Heard);
    }

    [Fact]
    public async Task ExitHandlerThatExitsItsOwnSession_DoesNotWaitForItself()
    {
        await using var host = Host(builder => builder.OnApplicationExit(async (context, _) =>
        {
            await Task.Yield();
            await context.Session.ExitAsync();
        }));
        var entry = await host.StartAsync();

        await host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);

        Assert.Empty(host.Log.Errors);
    }

    [Fact]
    public async Task HandlerThatStartsAnotherSession_Can()
    {
        EngineHost? running = null;
        await using var host = running = Host(builder => builder.OnApplicationExit(async (context, _) =>
        {
            if (context.Reason == SessionEndReason.Exited)
            {
                await running!.StartAsync();
            }
        }));
        var entry = await host.StartAsync();

        await host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);

        Assert.Equal(1, host.Sessions.Count);
    }

    [Fact]
    public async Task Handlers_RunInRegistrationOrder_CSharpSubscribersLast()
    {
        var order = new List<string>();
        await using var host = Host(builder =>
        {
            builder.Services.AddSingleton(order);
            builder.OnSessionStarted(_ => order.Add("delegate 1")).AddHandler<OrderedHandler>().OnSessionStarted(_ => order.Add("delegate 2"));
        });
        host.Events.SessionStarted += (_, _) => order.Add("event 1");
        host.Events.SessionStarted += (_, _) => order.Add("event 2");

        await host.StartAsync();

        Assert.Equal(["delegate 1", "class", "delegate 2", "event 1", "event 2"], order);
    }

    [Fact]
    public async Task HandlerClass_GetsAScopeOfItsOwnForEachCall()
    {
        var scopes = new List<ScopedThing>();
        await using var host = Host(builder =>
        {
            builder.Services.AddScoped<ScopedThing>().AddSingleton(scopes);
            builder.AddHandler<ScopedHandler>();
        });
        var entry = await host.StartAsync();
        await host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);

        Assert.Equal(2, scopes.Distinct().Count());
        Assert.All(scopes, thing => Assert.True(thing.IsDisposed));
    }

    [Fact]
    public void HandlerClass_IsOnlyAskedForWhatItOverrides()
    {
        Assert.Equal(
            SessionEventKind.SessionStarted | SessionEventKind.ApplicationExit,
            SessionHandlerFactory.FromClass<ScopedHandler>().Kinds);
        Assert.Equal(SessionEventKind.SessionStarted, SessionHandlerFactory.FromClass<OrderedHandler>().Kinds);
    }

    [Fact]
    public async Task NobodySubscribed_NothingIsAskedAndNothingWaits()
    {
        await using var host = Host();
        var entry = await host.StartAsync();
        host.Time.Advance(s_timeout);

        Assert.Equal(DueRulesResult.Alive, await host.Engine.ApplyDueRulesAsync(entry));
        Assert.Equal(SessionState.TimedOut, entry.Read().State);
        host.Time.Advance(s_timeout);
        Assert.Equal(DueRulesResult.Ended, await host.Engine.ApplyDueRulesAsync(entry));
        Assert.Null(host.Engine.TabSessionOf(entry).EventQueue);
    }

    [Fact]
    public async Task WaitingEvents_AreBounded_TimeoutAndExitAreKept()
    {
        var hangs = new TaskCompletionSource();
        await using var host = Host(builder => builder.OnSessionResumed((_, _) => new ValueTask(hangs.Task)));
        host.Record();
        var entry = await host.StartAsync();
        var waits = new List<Task>();
        for (var i = 0; i < 500; i++)
        {
            Assert.True(PageId.TryCreate($"p{i}", out var page));
            waits.Add(host.Arrivals.TryResumeAsync(entry, page, PageId.None).AsTask());
        }

        var exit = host.Engine.EndAndWaitAsync(entry, SessionEndReason.Exited);
        hangs.SetResult();
        await Task.WhenAll(waits.Append(exit));

        Assert.InRange(host.Heard.Count(line => line == "SessionResumed"), 2, SessionEventQueue.MaxWaiting + 2);
        Assert.Equal("ApplicationExit Exited", host.Heard.Last());
    }

    [Fact]
    public async Task EndedToken_IsCancelledAfterTheExitHandlers_AndItsCallbacksMayThrow()
    {
        var handlersRan = false;
        await using var host = Host(builder => builder.OnApplicationExit(async (_, _) =>
        {
            await Task.Yield();
            handlersRan = true;
        }));
        var entry = await host.StartAsync();
        var session = host.Engine.TabSessionOf(entry);
        var cancelled = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        session.Ended.Register(() => throw new InvalidOperationException("callback"));
        session.Ended.Register(() => cancelled.SetResult(handlersRan));

        await session.ExitAsync();

        Assert.True(await cancelled.Task);
        Assert.True(session.Ended.IsCancellationRequested);
        while (!host.Log.Errors.Any())
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task ManyHandlersThatBlockTheirThreads_DelayNoOtherSession()
    {
        const int Blocked = 60;
        using var letGo = new ManualResetEventSlim();
        await using var host = Host(builder => builder.OnApplicationExit(context =>
        {
            if (context.Reason == SessionEndReason.Revoked)
            {
                letGo.Wait();
            }
        }));
        var blocked = new List<Task>();
        for (var i = 0; i < Blocked; i++)
        {
            blocked.Add(host.Engine.EndAndWaitAsync(await host.StartAsync(), SessionEndReason.Revoked));
        }

        // Comes back at all: with no thread left it would not before the others are let go.
        await host.Engine.EndAndWaitAsync(await host.StartAsync(), SessionEndReason.Exited);
        Assert.DoesNotContain(blocked, task => task.IsCompleted);

        letGo.Set();
        await Task.WhenAll(blocked);
    }

    [Fact]
    public async Task EventsOfAnEndAndATimeoutAtOnce_AreToldInTheOrderTheyHappened()
    {
        for (var round = 0; round < 2000; round++)
        {
            await using var host = Host();
            host.Record();
            var entry = await host.StartAsync();
            host.Time.Advance(s_timeout);
            await Task.WhenAll(
                Task.Run(async () => await host.Engine.ApplyDueRulesAsync(entry)),
                Task.Run(async () => await host.Engine.TryEndAsync(entry, SessionEndReason.Exited)));
            await host.SettleAsync(entry);

            Assert.StartsWith("ApplicationExit", host.Heard.Last(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task WorkAHandlerLeavesBehind_IsNotInsideItAnyMore()
    {
        var go = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var exitRan = false;
        Task<bool>? left = null;
        await using var host = Host(builder => builder
            .OnSessionStarted(context => left = Task.Run(async () =>
            {
                await go.Task;
                await context.Session.ExitAsync();
                return Volatile.Read(ref exitRan);
            }))
            .OnApplicationExit(async (_, _) =>
            {
                await Task.Delay(20, CancellationToken.None);
                Volatile.Write(ref exitRan, true);
            }));
        await host.StartAsync();
        go.SetResult();

        Assert.True(await left!);
    }

    private static EngineHost Host(Action<SessionLifetimeBuilder>? subscribe = null) =>
        new(options => options.SessionTimeout = s_timeout, subscribe);

    private static async Task<SessionEntry> TimeOutAsync(EngineHost host)
    {
        var entry = await host.StartAsync();
        host.Time.Advance(s_timeout);
        await host.Sweeper.SweepAsync();
        await host.SettleAsync(entry);
        return entry;
    }

    private sealed class ThrowingHandler : SessionLifetimeHandler
    {
        public override ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("class");
    }

    private sealed class OrderedHandler(List<string> order) : SessionLifetimeHandler
    {
        public override ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken)
        {
            order.Add("class");
            return default;
        }
    }

    private sealed class ScopedHandler(ScopedThing thing, List<ScopedThing> scopes) : SessionLifetimeHandler
    {
        public override ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken)
        {
            scopes.Add(thing);
            return default;
        }

        public override async ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken)
        {
            await Task.Yield();
            Assert.False(thing.IsDisposed);
            scopes.Add(thing);
        }
    }

    private sealed class ScopedThing : IDisposable
    {
        public bool IsDisposed { get; private set; }

        public void Dispose() => IsDisposed = true;
    }
}
