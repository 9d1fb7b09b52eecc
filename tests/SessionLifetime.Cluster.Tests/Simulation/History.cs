using System.Globalization;
using SessionLifetime.Cluster.Tests.Storage;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>One history: nodes, a store, clients and faults, from a seed.</summary>
internal sealed class History : IAsyncDisposable
{
    private static readonly TimeSpan s_flush = HistoryPlan.Flush;

    private readonly World _world;
    private readonly Network _network;
    private readonly MemoryBackingStore _store;
    private readonly HistoryPlan _plan;
    private readonly HistoryOracle _oracle;
    private readonly List<SimulatedNode> _nodes = [];
    private readonly List<(SessionId Secret, string Id)> _sessions = [];
    private readonly List<string> _trace = [];
    private readonly Random _random;

    private History(int seed, bool isCalm, Mutant mutant)
    {
        _mutant = mutant;
        _world = new(seed);
        _random = _world.Random;
        _network = new(_world);
        _store = new(new WorldTime(_world.CreateContext())) { GivesEventsToAll = mutant == Mutant.SharedEvents };
        _plan = new(seed, isCalm);
        _oracle = new(_world, _store, _plan, Trace);
    }

    /// <summary>What was counted, for the report.</summary>
    public HistoryCounts Counts => _oracle.Counts with { Faults = _network.Faults + _faults };

    private readonly Mutant _mutant;
    private int _faults;

    /// <summary>The session that somebody has asked to end most lately.</summary>
    private int _exited;

    public IReadOnlyList<string> Lines => _trace;

    /// <summary>Plays a history. What breaks an invariant is an exception that names the seed.</summary>
    public static History Play(int seed, bool isCalm = false, Mutant mutant = Mutant.None)
    {
        var history = new History(seed, isCalm, mutant);
        try
        {
            history.Play();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Assert.Fail($"Seed {seed} ({history._plan}): {exception}{Environment.NewLine}{string.Join(Environment.NewLine, history._trace.TakeLast(400))}");
        }

        return history;
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    private void Play()
    {
        for (var node = 0; node < _plan.Nodes; node++)
        {
            Join();
        }

        _world.RunUntil(TimeSpan.FromSeconds(8));
        for (var session = 0; session < _plan.Sessions; session++)
        {
            _world.After(TimeSpan.FromMilliseconds(_random.Next(0, 20_000)), Attach);
        }

        if (!_plan.IsCalm)
        {
            _network.Loss = _random.Next(3) == 0 ? _random.NextDouble() * 0.03 : 0;
            _network.Slow = _random.Next(3) == 0 ? _random.NextDouble() * 0.05 : 0;
            _network.Repeat = _random.Next(3) == 0 ? _random.NextDouble() * 0.1 : 0;
            _world.After(TimeSpan.FromSeconds(_random.Next(5, 25)), Disturb);
        }

        _world.RunUntil(_plan.Length);
        Heal();
        _world.RunUntil(_world.Now + (s_flush * 30));
        _oracle.IsHealed = true;
        var end = _world.Now + _plan.Timeout + _plan.Countdown + _plan.Signal + (_plan.Absolute ?? TimeSpan.Zero) + (s_flush * 120);
        while (_world.Now < end && !(_oracle.IsOver && _world.Now > _plan.Length + (s_flush * 40)))
        {
            _world.RunUntil(_world.Now + (s_flush * 5));
        }

        _oracle.Conclude();
    }

    private void Join()
    {
        var number = _nodes.Count;
        var context = _world.CreateContext();
        var drift = _plan.IsCalm ? 1 : 1 + ((_random.NextDouble() - 0.5) * 0.002);
        var skew = _plan.IsCalm ? TimeSpan.Zero : TimeSpan.FromMinutes(_random.Next(-120, 120));
        var time = new WorldTime(context, drift, skew);
        var store = new NetworkStore(_world, _network, _store, _mutant, (who, step) => _oracle.OnStep(who, step));
        var node = new SimulatedNode(number, context, time, store, _plan, _mutant, _oracle.OnEvent);
        _nodes.Add(node);
        _oracle.Joins(node);
        Trace($"node {number} starts");
        _ = node.StartAsync();
    }

    private SimulatedNode? Pick() => _nodes.Where(static node => node.IsUp).ToList() is { Count: > 0 } up ? up[_random.Next(up.Count)] : null;

    private void Attach()
    {
        if (Pick() is not { } node)
        {
            _world.After(s_flush, Attach);
            return;
        }

        _ = node.Context.Run(async () =>
        {
            Assert.True(PageId.TryCreate("p" + _sessions.Count.ToString(CultureInfo.InvariantCulture), out var page));
            try
            {
                if (await node.AttachAsync(page) is { } secret && await node.Engine.Directory.FindAsync(secret, default) is { } entry)
                {
                    Trace($"node {node.Number} starts session {entry.Id}");
                    _sessions.Add((secret, entry.Id.ToString()));
                    Act(_sessions.Count - 1);
                }
            }
            catch (SessionStoreUnavailableException)
            {
                _world.After(s_flush, Attach);
            }
        });
    }

    /// <summary>What the browser of a session does next: a burst of signals, or silence for a while.</summary>
    private void Act(int session)
    {
        if (_world.Now > _plan.Length)
        {
            return;
        }

        var pause = _random.Next(10) switch
        {
            < 5 => TimeSpan.FromMilliseconds(_random.Next(50, 3_000)),
            < 8 => TimeSpan.FromMilliseconds(_random.Next(2_000, 15_000)),

            // Near the deadline.
            8 => _plan.Timeout - TimeSpan.FromMilliseconds(_random.Next(0, 7_000)),
            _ => _plan.Timeout + _plan.Countdown - TimeSpan.FromMilliseconds(_random.Next(-2_000, 7_000)),
        };
        _world.After(pause < s_flush / 20 ? s_flush / 20 : pause, () =>
        {
            if (_world.Now > _plan.Length)
            {
                return;
            }

            Signal(session);
            Act(session);
        });
    }

    private void Signal(int session, SimulatedNode? at = null)
    {
        if ((at ?? Pick()) is not { IsUp: true } node)
        {
            return;
        }

        var (secret, id) = _sessions[session];
        var kind = _random.Next(40);
        if (kind == 0)
        {
            _ = node.Context.Run(async () =>
            {
                var outcome = await TryAsync(() => node.ExitAsync(secret));
                _exited = session;
                Trace($"node {node.Number} exits {id}: {outcome}");
            });
        }
        else if (kind == 1)
        {
            var after = TimeSpan.FromMilliseconds(_random.Next(200, 20_000));
            _ = node.Context.Run(async () =>
            {
                var outcome = await TryAsync(async () =>
                {
                    await node.ArmAsync(secret, after);
                    return Outcome.Alive;
                });
                Trace($"node {node.Number} arms {id} for {after}: {outcome}");
            });
        }
        else if (kind < 6)
        {
            Look(session, node);
        }
        else
        {
            var isActivity = kind % 2 == 0;
            var preempted = _random.Next(8) == 0 ? TimeSpan.FromMilliseconds(_random.Next(1, 2_000)) : TimeSpan.Zero;
            _ = node.Context.Run(async () =>
            {
                var begun = _oracle.Begin(node, id, isActivity);
                var outcome = await TryAsync(() => node.SignalAsync(secret, isActivity ? SignalReport.Activity : SignalReport.Alive, preempted));
                Trace($"node {node.Number} {(isActivity ? "activity" : "ping")} {id}: {outcome}");
                _oracle.Answered(begun, outcome);
            });
        }
    }

    private void Look(int session, SimulatedNode node)
    {
        var (secret, id) = _sessions[session];
        _ = node.Context.Run(async () =>
        {
            var begun = _oracle.Begin(node, id, isActivity: null);
            var outcome = await TryAsync(() => node.LookAsync(secret));
            Trace($"node {node.Number} looks at {id}: {outcome}");
            _oracle.Answered(begun, outcome);
        });
    }

    private static async Task<Outcome> TryAsync(Func<Task<Outcome>> call)
    {
        try
        {
            return await call();
        }
        catch (SessionStoreUnavailableException)
        {
            return Outcome.Unavailable;
        }
    }

    private void Disturb()
    {
        if (_world.Now > _plan.Length)
        {
            return;
        }

        _faults++;
        var victim = Pick();
        var pause = TimeSpan.FromMilliseconds(_random.Next(500, _random.Next(2) == 0 ? 6_000 : 25_000));
        switch (_random.Next(8))
        {
            case 0 or 1 when victim is not null:
                Trace($"node {victim.Number} stands for {pause}");
                victim.Context.IsPaused = true;
                _world.After(pause, () =>
                {
                    victim.Context.IsPaused = false;

                    // What has waited for it comes at once, also for what has ended elsewhere meanwhile.
                    for (var waiting = victim.IsUp && _sessions.Count > 0 ? _random.Next(4) : 0; waiting > 0; waiting--)
                    {
                        Signal(_random.Next(_sessions.Count), victim);
                        Look(_exited, victim);
                    }
                });
                break;
            case 2 when victim is not null && _nodes.Count(static node => node.IsUp) > 1:
                Trace($"node {victim.Number} is killed");
                victim.Context.Kill();
                _oracle.Killed(victim);
                _world.After(TimeSpan.FromMilliseconds(_random.Next(0, 10_000)), Join);
                break;
            case 3 when victim is not null:
                Trace($"node {victim.Number} is cut off for {pause}");
                victim.Store.IsCutOff = true;
                _world.After(pause, () => victim.Store.IsCutOff = false);
                break;
            case 4:
                Trace($"the store is down for {pause}");
                _network.IsStoreDown = true;
                _world.After(pause, () => _network.IsStoreDown = false);
                break;
            case 5 when victim is not null && _nodes.Count(static node => node.IsUp) > 1:
                Trace($"node {victim.Number} leaves");
                _oracle.Leaves(victim);
                _ = victim.StopAsync();
                _world.After(TimeSpan.FromMilliseconds(_random.Next(0, 5_000)), Join);
                break;
            case 6:
                Trace("a node joins");
                Join();
                break;
            default:
                break;
        }

        _world.After(TimeSpan.FromMilliseconds(_random.Next(2_000, 30_000)), Disturb);
    }

    private void Heal()
    {
        Trace("everything is healed");
        (_network.IsStoreDown, _network.Loss, _network.Slow, _network.Repeat) = (false, 0, 0, 0);
        foreach (var node in _nodes)
        {
            (node.Context.IsPaused, node.Store.IsCutOff) = (false, false);
        }

        if (!_nodes.Exists(static node => node.IsUp))
        {
            Join();
        }
    }

    private void Trace(string line) => _trace.Add(string.Create(CultureInfo.InvariantCulture, $"{_world.Now.TotalSeconds,8:0.000} {line}"));
}
