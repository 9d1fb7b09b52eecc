using System.Collections.Concurrent;

namespace SessionLifetime.Soak.Chaos;

/// <summary>What the sessions do: three in five are used all the time; the others are used for a while, and then fall silent or exit, and are replaced.</summary>
internal sealed class ChaosLoad(ChaosClient client, int sessions, int seed, ChaosTimes times)
{
    /// <summary>All sessions there have been.</summary>
    public ConcurrentQueue<ChaosSession> Sessions { get; } = [];

    /// <summary>Runs until told to stop; then every session is left alone.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Enumerable.Range(0, sessions).Select(number => Task.Run(() => RunAsync(number, stop), CancellationToken.None)));

    private async Task RunAsync(int number, CancellationToken stop)
    {
        var random = new Random(HashCode.Combine(seed, number));
        await PauseAsync(random.NextDouble() * 10, stop);
        while (!stop.IsCancellationRequested)
        {
            var session = new ChaosSession(isSteady: number % 5 < 3);
            var attached = await client.UntilAnsweredAsync(session, CallKind.Attach, random, stop);
            if (!attached.IsServed)
            {
                // At the end of the run, or answered by a refusal: then its calls tell.
                Sessions.Enqueue(session);
                continue;
            }

            Sessions.Enqueue(session);
            var until = session.IsSteady ? double.PositiveInfinity : Nodes.Clock.Now + 2 + (random.NextDouble() * 28);
            if (!await UseAsync(session, random, until, stop) || stop.IsCancellationRequested)
            {
                continue;
            }

            if (random.NextDouble() < 0.3)
            {
                await ExitAsync(session, random, stop);
            }
            else
            {
                await FallSilentAsync(session, random, stop);
            }
        }
    }

    /// <summary>False when the session was refused.</summary>
    private async Task<bool> UseAsync(ChaosSession session, Random random, double until, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested && Nodes.Clock.Now < until)
        {
            await PauseAsync(1 + (random.NextDouble() * 4), stop);
            if (!stop.IsCancellationRequested && await client.UntilAnsweredAsync(session, CallKind.Touch, random, stop) is { IsServed: false, Status: > 0 and < 500 })
            {
                return false;
            }
        }

        return true;
    }

    private async Task ExitAsync(ChaosSession session, Random random, CancellationToken stop)
    {
        await client.UntilAnsweredAsync(session, CallKind.Exit, random, stop);
        var until = Nodes.Clock.Now + 8;
        while (!stop.IsCancellationRequested && Nodes.Clock.Now < until)
        {
            await PauseAsync(0.4, stop);
            await client.SendAsync(session, CallKind.Touch, random);
        }
    }

    private async Task FallSilentAsync(ChaosSession session, Random random, CancellationToken stop)
    {
        session.SilentFrom = Nodes.Clock.Now;
        await PauseAsync(times.Whole - 2, stop);
        var isWatched = random.NextDouble() < 0.5;
        var until = Nodes.Clock.Now + (isWatched ? 60 : times.Lease * 2);
        while (!stop.IsCancellationRequested && Nodes.Clock.Now < until)
        {
            await PauseAsync(1, stop);
            if (isWatched && (await client.SendAsync(session, CallKind.Status, random)).Status == 410)
            {
                return;
            }
        }
    }

    private static async Task PauseAsync(double seconds, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(seconds), stop);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
