namespace SessionLifetime.Cluster.Tests.Simulation;

/// <summary>
/// Virtual time, and everything that runs in it: one thread, and of the work that is ready a seeded choice runs next. When nothing is ready, time goes on to
/// the next timer or message. So a history repeats.
/// </summary>
internal sealed class World(int seed)
{
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _later = new();
    private readonly List<WorldContext> _contexts = [];
    private long _order;

    public Random Random { get; } = new(seed);

    /// <summary>The true time, since the history began.</summary>
    public TimeSpan Now { get; private set; }

    /// <summary>What ends the history; null while nothing does.</summary>
    public Exception? Broken { get; set; }

    /// <summary>A place where work runs: a node, or what is outside of all.</summary>
    public WorldContext CreateContext()
    {
        var context = new WorldContext(this);
        _contexts.Add(context);
        return context;
    }

    /// <summary>Does something later, outside of all nodes.</summary>
    public void After(TimeSpan delay, Action action) => _later.Enqueue(action, (Now + (delay < TimeSpan.Zero ? TimeSpan.Zero : delay), _order++));

    /// <summary>Runs until a moment, or until a task is done.</summary>
    public void RunUntil(TimeSpan end, Task? until = null)
    {
        while (until is not { IsCompleted: true })
        {
            if (Broken is not null)
            {
                throw new Xunit.Sdk.XunitException(Broken.Message, Broken);
            }

            if (TryRunReady())
            {
                continue;
            }

            if (!_later.TryPeek(out _, out var next) || next.At > end)
            {
                Now = end;
                return;
            }

            Now = next.At;
            _later.Dequeue()();
        }
    }

    private bool TryRunReady()
    {
        var ready = 0;
        foreach (var context in _contexts)
        {
            ready += context.Ready;
        }

        if (ready == 0)
        {
            return false;
        }

        var chosen = Random.Next(ready);
        foreach (var context in _contexts)
        {
            if (chosen < context.Ready)
            {
                context.Run(chosen);
                return true;
            }

            chosen -= context.Ready;
        }

        return false;
    }
}
