using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>
/// Takes events from the outbox and brings them to the handlers. An event is completed when its handlers have run; a node that dies before has its events
/// taken by another, so that each is delivered at least once.
/// </summary>
internal sealed class OutboxDelivery
{
    private const int MostTaken = 256;

    private readonly OutboxDispatch _dispatch;
    private readonly OutboxResults _results;
    private readonly NodeState _node;
    private readonly StoreGate _gate;
    private readonly SessionLifetimeOptions _options;
    private readonly IWorkScheduler _scheduler;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WorkRounds _rounds;

    /// <summary>Whether the next take asks for events again that may have been given already.</summary>
    private volatile bool _asksAgain = true;

    private long _askedAgain;

    public OutboxDelivery(
        OutboxDispatch dispatch,
        NodeState node,
        StoreGate gate,
        SharedValues values,
        IOptions<SessionLifetimeOptions> options,
        IWorkScheduler scheduler,
        TimeProvider time,
        ILogger<OutboxDelivery> logger)
    {
        (_dispatch, _node, _gate, _options, _scheduler, _time, _logger) = (dispatch, node, gate, options.Value, scheduler, time, logger);
        _rounds = new(scheduler, RoundAsync);
        _results = new(gate, values, scheduler, _rounds.Wake);
    }

    /// <summary>How many events are with their handlers.</summary>
    public int Open => _results.Open;

    /// <summary>Events may wait: they are taken as soon as there are places for their handlers.</summary>
    public void Wake() => _rounds.Wake();

    /// <summary>Waits for the handlers that run, and tells the store what became of their events. No others are taken.</summary>
    public async ValueTask StopAsync()
    {
        var limit = new TimeLimit(_options.ShutdownTimeout, _time);
        while (_results.Open > 0 && !limit.HasPassed)
        {
            await _results.CompleteAsync();
            await TimedWait.ForAsync(limit.Passed, _node.Pace.Flush * 0.1, _time);
        }

        limit.Dispose();
        await _results.CompleteAsync();
    }

    private async ValueTask RoundAsync()
    {
        try
        {
            await DeliverAsync();
        }
        catch (SessionStoreUnavailableException)
        {
            // The next heartbeat that is answered wakes this again.
            _asksAgain = true;
        }
        catch (Exception exception)
        {
            _asksAgain = true;
            _logger.DeliveryFailed(exception);
        }
    }

    private async ValueTask DeliverAsync()
    {
        int most;
        int taken;
        bool again;
        do
        {
            await _results.CompleteAsync();
            most = Math.Min(MostTaken, (_options.MaxConcurrentHandlers * 2) - _results.Open);
            taken = 0;
            if (_node.IsLeaving || most <= 0)
            {
                return;
            }

            // Also without a failure: a call that was given up may reach the store long after, and take what nobody hears of.
            again = _asksAgain || _time.GetElapsedTime(_askedAgain) >= _node.Pace.Guard;
            _askedAgain = again ? _time.GetTimestamp() : _askedAgain;
            var take = new EventTake(_node.Id, again ? most + _results.Open : most, again) { Kinds = _dispatch.Kinds };
            var events = await _gate.CallAsync("taking events", (store, stop) => store.TakeEventsAsync(take, stop));
            _asksAgain = false;
            if (_node.IsLeaving)
            {
                // Beside the last completions, what is given again might be taken for new. They go to others when the node has signed off.
                return;
            }

            // Of each session one at most. Those that wait for the store do so together.
            var raising = new List<Task>();
            foreach (var one in events)
            {
                if (_results.TryOpen(one))
                {
                    taken++;
                    var running = RaiseAsync(one);
                    if (!running.IsCompletedSuccessfully)
                    {
                        raising.Add(running.AsTask());
                    }
                }
            }

            await Task.WhenAll(raising);
        }
        while (taken >= most || again);
    }

    private async ValueTask RaiseAsync(OutboxEvent one)
    {
        try
        {
            await _dispatch.RaiseAsync(one, _results);
        }
        catch (SessionStoreUnavailableException)
        {
            _results.Drop(one);
            throw;
        }
        catch (Exception exception)
        {
            // Of the app, or of the record: nobody has heard of the event.
            _logger.DeliveryFailed(exception);
            GiveBack(one);
        }
    }

    /// <summary>Gives an event back after a while, so that nobody asks for it without end: it may be this node that gets it again.</summary>
    private void GiveBack(OutboxEvent one) => _ = _scheduler.Run(async () =>
    {
        await Task.Delay(_node.IsLeaving ? TimeSpan.Zero : _node.Pace.Flush, _time);
        _results.Finish(one, isDelivered: false);
    });
}
