using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging;
using SessionLifetime.Cluster;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>One node: the shipped engine and cluster code, with nothing replaced but clocks, scheduler and network.</summary>
internal sealed class SimulatedNode
{
    private readonly ServiceProvider _services;
    private readonly ClusterNodeService _service;
    private readonly TimeProvider _time;
    private readonly Mutant _mutant;

    public SimulatedNode(int number, WorldContext context, TimeProvider time, NetworkStore store, HistoryPlan plan, Mutant mutant, Action<SimulatedNode, string, SessionEventContext> onEvent)
    {
        (Number, Context, Store, _mutant) = (number, context, store, mutant);
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(time);
        services.AddSingleton<IHostApplicationLifetime, ApplicationLifetime>();
        services.AddSingleton<IWorkScheduler>(context);
        if (mutant == Mutant.NoGuard)
        {
            services.AddSingleton(new ClusterPace(HistoryPlan.Flush, guard: 0));
        }

        services.AddSessionLifetime(plan.Configure)
            .UseBackingStore(_ => store, static options => options.FlushInterval = HistoryPlan.Flush)
            .OnSessionTimeout(async (raised, _) =>
            {
                onEvent(this, "timeout", raised);
                await Task.Delay(plan.HandlerTime(raised.Session.Id, raised.Occurrence), time, CancellationToken.None);
                raised.Handled = plan.Handles(raised.Session.Id, raised.Occurrence);
            })
            .OnApplicationExit(async (ended, _) =>
            {
                onEvent(this, "exit", ended);
                await Task.Delay(plan.HandlerTime(ended.Session.Id, 0), time, CancellationToken.None);
                onEvent(this, "exited", ended);
            });
        _services = services.BuildServiceProvider();
        _service = _services.GetRequiredService<ClusterNodeService>();
        _time = time;
        Engine = _services.GetRequiredService<SessionEngine>();
    }

    public int Number { get; }

    public WorldContext Context { get; }

    public NetworkStore Store { get; }

    public SessionEngine Engine { get; }

    public string Id => _services.GetRequiredService<NodeState>().Id;

    public bool IsUp => !Context.IsKilled && IsStarted && !IsStopping;

    public bool IsStarted { get; private set; }

    public bool IsStopping { get; private set; }

    public Task StartAsync() => Context.Run(async () =>
    {
        await _service.StartingAsync(default);
        IsStarted = true;
        _ = Context.Run(SweepAsync);
    });

    public Task StopAsync()
    {
        IsStopping = true;
        return Context.Run(async () =>
        {
            await _service.StoppingAsync(default);
            await _service.StoppedAsync(default);
        });
    }

    /// <summary>The sweep's loop, whose beginning is not drawn from the system's random numbers.</summary>
    private async Task SweepAsync()
    {
        var sweeper = _services.GetRequiredService<SessionSweeper>();
        while (!IsStopping)
        {
            await Task.Delay(Engine.Directory.SweepInterval, _time, CancellationToken.None);
            try
            {
                await sweeper.SweepAsync(CancellationToken.None);
            }
            catch (SessionStoreUnavailableException)
            {
                // The next pass comes.
            }
        }
    }

    /// <summary>What an attach does.</summary>
    public async Task<SessionId?> AttachAsync(PageId page)
    {
        var (outcome, hold) = await _services.GetRequiredService<SessionArrivals>().StartAsync(page, PageId.None, default, default);
        if (outcome != PlacementResult.Added)
        {
            return null;
        }

        Engine.Release(hold);
        return hold.Entry.Secret;
    }

    /// <summary>What a request with a secret does: found, looked at, counted.</summary>
    /// <param name="secret">The secret.</param>
    /// <param name="signal">The signal.</param>
    /// <param name="preempted">For how long its thread is preempted between the moment it counts from and the stamp.</param>
    public async Task<Outcome> SignalAsync(SessionId secret, SignalReport signal, TimeSpan preempted)
    {
        if (await Engine.Directory.FindAsync(secret, default) is not { } entry)
        {
            return await Engine.Directory.FindEndedAsync(secret, default) is null ? Outcome.Unknown : Outcome.Ended;
        }

        if (preempted > TimeSpan.Zero && signal.IsPlain)
        {
            // As the engine does, with the pause in between.
            var now = Engine.Directory.NowForTouch;
            await Task.Delay(preempted, _time, CancellationToken.None);
            if (entry.TryTouch(now, signal.IsActivity) && Engine.Directory.TryKeepTouch(entry, now))
            {
                return Outcome.Alive;
            }
        }

        return await Engine.ApplyDueRulesAndWaitInDoubtAsync(entry) != DueRulesResult.Ended && await Engine.TryCountAsync(entry, signal)
            ? Outcome.Alive
            : Outcome.Ended;
    }

    /// <summary>What a request with a secret does that counts for nothing.</summary>
    public async Task<Outcome> LookAsync(SessionId secret)
    {
        if (await Engine.Directory.FindAsync(secret, default) is not { } entry)
        {
            return await Engine.Directory.FindEndedAsync(secret, default) is null ? Outcome.Unknown : Outcome.Ended;
        }

        return (_mutant == Mutant.UnaskedLooks ? await Engine.ApplyDueRulesAndWaitAsync(entry) : await Engine.LookAsync(entry)) != DueRulesResult.Ended
            ? Outcome.Alive
            : Outcome.Ended;
    }

    public async Task<Outcome> ExitAsync(SessionId secret)
    {
        if (await Engine.Directory.FindAsync(secret, default) is not { } entry)
        {
            return Outcome.Unknown;
        }

        return await Engine.TryEndAsync(entry, SessionEndReason.Exited) ? Outcome.Alive : Outcome.Ended;
    }

    public async Task ArmAsync(SessionId secret, TimeSpan after)
    {
        if (await Engine.Directory.FindAsync(secret, default) is { } entry)
        {
            await Engine.TryChangeAsync(
                entry,
                after,
                static (ref SessionSnapshot next, SessionTimings _, Time.Moment now, TimeSpan after) =>
                {
                    Clockwork.Arm(ref next, now + after, now);
                    return true;
                });
        }
    }
}
