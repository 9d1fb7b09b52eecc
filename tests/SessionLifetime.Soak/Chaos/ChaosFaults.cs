using System.Collections.Concurrent;
using SessionLifetime.Soak.Databases;
using SessionLifetime.Soak.Nodes;

namespace SessionLifetime.Soak.Chaos;

/// <summary>Kills nodes, makes them stand still, and does the same to the database.</summary>
internal sealed class ChaosFaults(IReadOnlyList<NodeProcess> nodes, IDatabase database, Func<NodeSettings> settings, int seed, ChaosTimes times)
    : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private readonly ConcurrentQueue<Fault> _faults = [];

    /// <summary>What was done.</summary>
    public IReadOnlyCollection<Fault> All => _faults;

    /// <summary>Does its worst until told to stop; then everything runs.</summary>
    public async Task RunAsync(double seconds, CancellationToken stop)
    {
        await Task.WhenAll(KillAsync(stop), StallAsync(stop), StopStoreAsync(stop), GoDownAsync(seconds / 2, stop));
        foreach (var node in nodes.Where(static node => !node.IsRunning))
        {
            node.Start(settings());
        }
    }

    public void Dispose() => _turn.Dispose();

    private async Task KillAsync(CancellationToken stop)
    {
        var random = new Random(seed);
        while (await PauseAsync(4 + (random.NextDouble() * 6), stop))
        {
            await InTurnAsync(async () =>
            {
                var node = nodes[random.Next(nodes.Count)];
                if (!node.IsPaused)
                {
                    Keep(FaultKind.Killed, Clock.Now, node.Name);
                    await node.KillAsync();
                    node.Start(settings());
                }
            });
        }
    }

    private async Task StallAsync(CancellationToken stop)
    {
        var random = new Random(seed + 1);
        while (await PauseAsync(15 + (random.NextDouble() * 20), stop))
        {
            var node = nodes[random.Next(nodes.Count)];
            var (from, name) = (0.0, "");
            await InTurnAsync(async () =>
            {
                (from, name) = (Clock.Now, node.Name);
                await node.PauseAsync();
            });
            await PauseAsync(20, stop);
            await InTurnAsync(async () =>
            {
                if (node.IsPaused)
                {
                    await node.ResumeAsync();
                    Keep(FaultKind.Stalled, from, name);
                }
            });
        }
    }

    private async Task StopStoreAsync(CancellationToken stop)
    {
        var random = new Random(seed + 2);
        while (await PauseAsync(20 + (random.NextDouble() * 20), stop))
        {
            await _turn.WaitAsync(CancellationToken.None);
            _turn.Release();
            var from = Clock.Now;
            if (random.Next(2) == 0 && await database.StopAsync())
            {
                await PauseAsync(5, stop);
                await database.StartAgainAsync();
                Keep(FaultKind.StoreStopped, from, "");
            }
            else
            {
                await database.PauseAsync();
                await PauseAsync(5, stop);
                await database.ResumeAsync();
                Keep(FaultKind.StorePaused, from, "");
            }
        }
    }

    /// <summary>Once, no node runs for longer than a silent session lives.</summary>
    private async Task GoDownAsync(double after, CancellationToken stop)
    {
        if (await PauseAsync(after, stop))
        {
            await InTurnAsync(async () =>
            {
                foreach (var node in nodes)
                {
                    Keep(FaultKind.Killed, Clock.Now, node.Name);
                    await node.KillAsync();
                }

                var from = Clock.Now;
                await PauseAsync(times.Whole + 15, stop);
                Keep(FaultKind.Downtime, from, "");
                foreach (var node in nodes)
                {
                    node.Start(settings());
                }
            });
        }
    }

    private void Keep(FaultKind kind, double from, string node) => _faults.Enqueue(new(kind, from, Clock.Now, node));

    private async Task InTurnAsync(Func<Task> act)
    {
        await _turn.WaitAsync(CancellationToken.None);
        try
        {
            await act();
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>False when it was told to stop.</summary>
    private static async Task<bool> PauseAsync(double seconds, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
