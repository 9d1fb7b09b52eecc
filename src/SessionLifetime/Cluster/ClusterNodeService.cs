using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>Runs the node: registers it, flushes and sends heartbeats every F, delivers events, signs off last of all.</summary>
internal sealed class ClusterNodeService(
    NodeState node,
    NodeHeart heart,
    StoreGate gate,
    SharedSessionDirectory directory,
    NewsReader news,
    DueMoments due,
    ClusterTimings timings,
    OutboxDelivery delivery,
    SessionEndings endings,
    ISessionBackingStore store,
    IWorkScheduler scheduler,
    TimeProvider time,
    ILogger<ClusterNodeService> logger) : IHostedLifecycleService, IDisposable
{
    private static readonly TimeSpan s_trimInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan s_trimPause = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly WakeSignal _stopped = new();
    private readonly WakeSignal _beats = new();
    private readonly WakeSignal _flushes = new();
    private Task[] _loops = [];
    private bool _hasStarted;
    private int _asksOthers;

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        node.Urged += UrgeAll;
        directory.Ended.EventsWait += delivery.Wake;
        directory.Ended.LetGo += endings.LetGo;
        try
        {
            await RegisterAsync();
        }
        catch (SessionStoreUnavailableException exception) when (exception.InnerException is not SessionStoreException)
        {
            // Not the host's fault, nor for ever: it starts, and tries on.
            logger.NodeStartsWithoutStore(exception.Message);
        }
        catch (SessionStoreUnavailableException exception)
        {
            throw exception.InnerException!;
        }

        _loops = [scheduler.Run(BeatAsync), scheduler.Run(FlushAsync), scheduler.Run(ListenAsync), scheduler.Run(TrimAsync), scheduler.Run(CorrectDueAsync)];
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        node.IsLeaving = true;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        _stop.Cancel();
        _stopped.Set();
        Urge();
        foreach (var loop in _loops)
        {
            await loop;
        }

        // Each is tried whatever became of the others. A node that cannot sign off counts as one that died: the others wait for it a little longer.
        await LastAsync(delivery.StopAsync);
        await LastAsync(heart.StopAsync);
        await LastAsync(() => directory.FlushAsync(all: true));
        await LastAsync(async () =>
        {
            await gate.CallAsync("signing off", async (store, stop) =>
            {
                await store.StopAsync(node.Id, stop);
                return true;
            }, isEssential: true);
        });
    }

    private async ValueTask LastAsync(Func<ValueTask> step)
    {
        try
        {
            await step();
        }
        catch (Exception exception)
        {
            logger.LeavingFailed(exception);
        }
    }

    public void Dispose() => _stop.Cancel();

    /// <summary>Registers the node, if it is not yet.</summary>
    internal async ValueTask RegisterAsync()
    {
        if (!_hasStarted)
        {
            await heart.StartAsync();
            _hasStarted = true;
            await heart.BeatAsync();
            logger.NodeStarted(node.Id, store.GetType().Name);
        }
    }

    /// <summary>Something waits for the watermarks of all nodes.</summary>
    private void UrgeAll()
    {
        Interlocked.Exchange(ref _asksOthers, 1);
        Urge();
    }

    private void Urge()
    {
        _flushes.Set();
        _beats.Set();
    }

    private Task BeatAsync() => LoopAsync(async () =>
    {
        await RegisterAsync();
        await heart.TryBeatAsync();
        if (Interlocked.Exchange(ref _asksOthers, 0) != 0 && node.HasOthers)
        {
            await gate.CallAsync("asking for heartbeats", async (store, stop) =>
            {
                await store.AskForHeartbeatsAsync(stop);
                return true;
            });
        }
    }, _beats);

    private Task FlushAsync() => LoopAsync(async () =>
    {
        if (_hasStarted)
        {
            await heart.FlushAsync();
        }
    }, _flushes);

    private async Task TrimAsync()
    {
        while (!await PauseAsync(s_trimInterval, _stopped))
        {
            await StepAsync(async () =>
            {
                // In between others have their turn.
                while (await directory.TrimAsync() > 0 && !await PauseAsync(s_trimPause, _stopped))
                {
                }
            });
        }
    }

    /// <summary>The durations in force may be others than those that the store's due moments were computed with: after a start, and when others come into force.</summary>
    private async Task CorrectDueAsync()
    {
        ClusterSettings? done = null;
        while (!await PauseAsync(node.Pace.Flush * 5, _stopped))
        {
            if (_hasStarted && timings.InForce is var inForce && inForce != done)
            {
                await StepAsync(async () =>
                {
                    await due.CorrectAsync(_stop.Token);
                    done = inForce;
                });
            }
        }
    }

    private async Task ListenAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            await StepAsync(async () =>
            {
                await foreach (var notice in store.ListenAsync(_stop.Token))
                {
                    if (notice.Change is { } change)
                    {
                        directory.News.Distrust([change]);
                        directory.News.HeedTold([change]);
                        news.Wake();
                    }
                    else
                    {
                        Urge();
                    }
                }
            });
            await PauseAsync(node.Pace.LongestPause, _stopped);
        }
    }

    private async Task LoopAsync(Func<ValueTask> step, WakeSignal wake)
    {
        do
        {
            await StepAsync(step);
        }
        while (!await PauseAsync(node.Pace.Flush, wake));
    }

    private async ValueTask StepAsync(Func<ValueTask> step)
    {
        try
        {
            await step();
        }
        catch (SessionStoreUnavailableException)
        {
            // The gate has logged that the store is away.
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The node stops.
        }
        catch (Exception exception)
        {
            logger.NodeStepFailed(exception);
        }
    }

    /// <summary>True when the node stops.</summary>
    private async ValueTask<bool> PauseAsync(TimeSpan pause, WakeSignal wake)
    {
        if (!_stop.IsCancellationRequested)
        {
            await TimedWait.ForAsync(_stopped.Woken, pause * 0.1, time);
            if (!_stop.IsCancellationRequested)
            {
                await TimedWait.ForAsync(wake.Woken, pause * 0.9, time);
            }

            if (wake != _stopped)
            {
                wake.Reset();
            }
        }

        return _stop.IsCancellationRequested;
    }
}
