using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Events;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Sessions;

namespace SessionLifetime.Cluster;

/// <summary>
/// Takes events from the outbox and brings them to the handlers. An event is completed when its handlers have run; a node that dies before has its events
/// taken by another, so that each is delivered at least once.
/// </summary>
internal sealed class OutboxDelivery(
    SharedSessionDirectory directory,
    SessionEngine engine,
    SessionEndings endings,
    SessionEventDispatcher dispatcher,
    TabSessions sessions,
    NodeState node,
    StoreGate gate,
    SharedValues values,
    IEnumerable<IExitValues> exitValues,
    IOptions<SessionLifetimeOptions> options,
    IWorkScheduler scheduler,
    TimeProvider time,
    ILogger<OutboxDelivery> logger)
{
    private readonly ConcurrentDictionary<(string Id, long Sequence), int> _open = [];
    private readonly ConcurrentDictionary<(string Id, long Sequence), SessionEntry> _exits = [];
    private readonly ConcurrentQueue<EventResult> _results = new();
    private int _state;

    /// <summary>Whether the next take asks for events again that may have been given already.</summary>
    private volatile bool _asksAgain = true;

    private long _askedAgain;

    /// <summary>How many events are with their handlers.</summary>
    public int Open => _open.Count;

    /// <summary>Events may wait: they are taken as soon as there are places for their handlers.</summary>
    public void Wake()
    {
        // 0: nothing runs. 1: a round runs. 2: another one is wanted after it.
        if (Interlocked.Exchange(ref _state, 2) == 0)
        {
            _ = scheduler.Run(RunAsync);
        }
    }

    /// <summary>Waits for the handlers that run, and tells the store what became of their events. No others are taken.</summary>
    public async ValueTask StopAsync()
    {
        var limit = new TimeLimit(options.Value.ShutdownTimeout, time);
        while (!_open.IsEmpty && !limit.HasPassed)
        {
            await CompleteAsync();
            await TimedWait.ForAsync(limit.Passed, node.Pace.Flush * 0.1, time);
        }

        limit.Dispose();
        await CompleteAsync();
    }

    private async Task RunAsync()
    {
        do
        {
            Volatile.Write(ref _state, 1);
            try
            {
                await RoundAsync();
            }
            catch (SessionStoreUnavailableException)
            {
                // The next heartbeat that is answered wakes this again.
                _asksAgain = true;
            }
            catch (Exception exception)
            {
                _asksAgain = true;
                logger.DeliveryFailed(exception);
            }
        }
        while (Interlocked.CompareExchange(ref _state, 0, 1) != 1);
    }

    private async ValueTask RoundAsync()
    {
        int most;
        int taken;
        bool again;
        do
        {
            await CompleteAsync();
            most = Math.Min(256, (options.Value.MaxConcurrentHandlers * 2) - _open.Count);
            taken = 0;
            if (node.IsLeaving || most <= 0)
            {
                return;
            }

            // Also without a failure: a call that was given up may reach the store long after, and take what nobody hears of.
            again = _asksAgain || time.GetElapsedTime(_askedAgain) >= node.Pace.Guard;
            _askedAgain = again ? time.GetTimestamp() : _askedAgain;
            var take = new EventTake(node.Id, again ? most + _open.Count : most, again) { Kinds = KindsHere() };
            var events = await gate.CallAsync("taking events", (store, stop) => store.TakeEventsAsync(take, stop));
            _asksAgain = false;
            foreach (var one in events)
            {
                var key = (one.SessionId, one.Sequence);
                if (_open.TryAdd(key, one.Attempt))
                {
                    taken++;
                    await StartAsync(one);
                }
                else
                {
                    // Taken again after this node was thought dead: the completion says so.
                    _open[key] = one.Attempt;
                }
            }
        }
        while (taken >= most || again);
    }

    private async ValueTask CompleteAsync()
    {
        var results = new List<EventResult>();
        while (results.Count < 512 && _results.TryDequeue(out var result))
        {
            results.Add(result);
        }

        if (results.Count == 0)
        {
            return;
        }

        try
        {
            await gate.CallAsync("completing events", async (store, stop) =>
            {
                await store.CompleteEventsAsync(results, stop);
                return true;
            });
        }
        catch (SessionStoreUnavailableException)
        {
            results.ForEach(_results.Enqueue);
            throw;
        }

        foreach (var result in results)
        {
            var key = (result.SessionId, result.Sequence);
            if (_exits.TryRemove(key, out var entry))
            {
                // Not before: until then the exit may be delivered again, with its values.
                _ = scheduler.Run(() => RemoveValuesAsync(entry));
            }

            _open.TryRemove(key, out _);
        }
    }

    private async Task RemoveValuesAsync(SessionEntry entry)
    {
        try
        {
            await values.RemoveAsync(entry);
        }
        catch (SessionStoreUnavailableException)
        {
            // They go when the session is forgotten.
        }
    }

    /// <summary>The kinds of events that are delivered here: those with handlers, and those that nobody has handlers for.</summary>
    private List<string> KindsHere() =>
        [.. ClusterEvents.Kinds.Where(kind => dispatcher.Wants(kind.Kind) || !node.OthersWant(kind.Kind)).Select(static kind => kind.Name)];

    private async ValueTask StartAsync(OutboxEvent one)
    {
        if (!KindsHere().Contains(one.Kind, StringComparer.Ordinal))
        {
            // Another node has handlers for it, or a newer version that knows it. Once it is given back it is not given here again.
            logger.EventIsOfOthers(one.Kind, one.SessionId);
            Finish(one, isDelivered: false);
            return;
        }

        try
        {
            if (DetailsOf(one) is not { } details)
            {
                Finish(one, isDelivered: true);
                return;
            }

            if (await FindAsync(one) is { } entry)
            {
                if (string.Equals(one.Kind, ClusterEvents.ApplicationExit, StringComparison.Ordinal) && exitValues.Any())
                {
                    // Readable for the handlers.
                    var read = await values.ReadAsync(entry);
                    foreach (var taker in read.Count == 0 ? [] : exitValues)
                    {
                        taker.Take(sessions.Of(entry), read);
                    }
                }

                if (string.Equals(one.Kind, ClusterEvents.SessionTimeout, StringComparison.Ordinal) && !entry.IsEnded && !IsCurrent(entry, details))
                {
                    // A touch has overtaken it, which may be known to this node only: it is not passed over before the touch is in the store.
                    await directory.AskAsync(entry);
                }

                Raise(one, entry, details);
                return;
            }

            // Its session is forgotten: there is nobody to tell of.
            Finish(one, isDelivered: true);
        }
        catch (SessionStoreUnavailableException)
        {
            _open.TryRemove((one.SessionId, one.Sequence), out _);
            throw;
        }
        catch (Exception exception)
        {
            // Of the app, or of the record: nobody has heard of the event.
            logger.DeliveryFailed(exception);
            GiveBack(one);
        }
    }

    /// <summary>What an event tells; null where that is no event.</summary>
    private EventDetails? DetailsOf(OutboxEvent one)
    {
        try
        {
            return JsonSerializer.Deserialize(one.Payload.Span, ClusterJson.Default.EventDetails) ?? new();
        }
        catch (JsonException exception)
        {
            logger.EventNotUnderstood(exception, one.Kind, one.SessionId);
            return null;
        }
    }

    private async ValueTask<SessionEntry?> FindAsync(OutboxEvent one)
    {
        if (!PublicId.TryParse(one.SessionId, out var id))
        {
            return null;
        }

        var known = directory.TryGet(id, out var living) ? living : directory.Ended.Find(id);
        if (known?.Shared is { IsStale: false } shared && RecordWriter.Sequence(shared.Version + 1, 0) > one.Sequence)
        {
            return known;
        }

        var record = await directory.Reader.LoadAsync(id);
        if (record is null)
        {
            return null;
        }

        if (known is not null)
        {
            await directory.Follower.FollowInTurnAsync(known, record);
            return known;
        }

        return record.EndReason is null ? directory.Follower.Adopt(record, secret: null) : directory.Follower.Revive(record);
    }

    private bool IsCurrent(SessionEntry entry, EventDetails details) =>
        directory.Read(entry) is { Raising: true } seen && seen.RaiseNumber == (uint)details.RaiseNumber;

    private void Raise(OutboxEvent one, SessionEntry entry, EventDetails details)
    {
        var session = sessions.Of(entry);
        ValueTask Done(SessionEvent raised)
        {
            Finish(one, isDelivered: true);
            return default;
        }

        switch (one.Kind)
        {
            case ClusterEvents.SessionTimeout when entry.IsEnded:
                var late = new SessionTimeoutContext(session, details.Occurrence, TimeSpan.Zero, isBrowserPresent: false) { Attempt = one.Attempt };
                dispatcher.Raise(new(SessionEventKind.SessionTimeout, late) { Completed = Done });
                break;
            case ClusterEvents.SessionTimeout:
                var seen = directory.Read(entry);
                if (!IsCurrent(entry, details))
                {
                    // Activity has overtaken it.
                    Finish(one, isDelivered: true);
                    break;
                }

                var left = details.TimeLeft is -1 or null ? Timeout.InfiniteTimeSpan : new TimeSpan(details.TimeLeft.Value);
                var context = new SessionTimeoutContext(session, details.Occurrence, left, details.IsPresent) { Attempt = one.Attempt };
                dispatcher.Raise(new(SessionEventKind.SessionTimeout, context)
                {
                    RaiseNumber = seen.RaiseNumber,
                    Completed = async raised =>
                    {
                        // Until it is written, the session waits for it. A node that leaves gives it back.
                        bool isConcluded;
                        while (!(isConcluded = await engine.TryConcludeAsync(raised)) && !node.IsLeaving)
                        {
                            await Task.Delay(node.Pace.Flush, time);
                        }

                        Finish(one, isConcluded);
                    },
                });
                break;
            case ClusterEvents.PageUnloaded when PageId.TryCreate(details.Page, out var page):
                var unloaded = new UnloadedPage(page, details.IsPersisted, details.IsCurrent, details.OpenPages);
                logger.PageUnloaded(session.Id, details.OpenPages);
                dispatcher.Raise(new(SessionEventKind.PageUnloaded, new PageUnloadedContext(session, unloaded) { Attempt = one.Attempt }) { Completed = Done });
                break;
            case ClusterEvents.ApplicationExit:
                var exit = new ApplicationExitContext(session, details.Reason) { Attempt = one.Attempt };
                dispatcher.Raise(new(SessionEventKind.ApplicationExit, exit)
                {
                    Completed = async raised =>
                    {
                        endings.LetGo(entry);
                        entry.Shared!.MarkTold();
                        _exits[(one.SessionId, one.Sequence)] = entry;
                        Finish(one, isDelivered: true);
                    },
                });
                break;
            default:
                logger.EventNotUnderstood(exception: null, one.Kind, one.SessionId);
                Finish(one, isDelivered: true);
                break;
        }
    }

    /// <summary>Gives an event back after a while, so that nobody asks for it without end: it may be this node that gets it again.</summary>
    private void GiveBack(OutboxEvent one) => _ = scheduler.Run(async () =>
    {
        await Task.Delay(node.IsLeaving ? TimeSpan.Zero : node.Pace.Flush, time);
        Finish(one, isDelivered: false);
    });

    private void Finish(OutboxEvent one, bool isDelivered)
    {
        var attempt = _open.TryGetValue((one.SessionId, one.Sequence), out var latest) ? latest : one.Attempt;
        _results.Enqueue(new(one.SessionId, one.Sequence, attempt, isDelivered));
        Wake();
    }
}
