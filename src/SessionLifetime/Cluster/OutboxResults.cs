using System.Collections.Concurrent;
using SessionLifetime.Entries;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Cluster;

/// <summary>The events that this node has taken, and what became of them until the store is told.</summary>
/// <param name="gate">The way to the store.</param>
/// <param name="values">The values of sessions, which are removed after their exits.</param>
/// <param name="scheduler">Starts their removal.</param>
/// <param name="onFinished">The handlers of an event have run, or it is given back.</param>
internal sealed class OutboxResults(StoreGate gate, SharedValues values, IWorkScheduler scheduler, Action onFinished)
{
    private const int BatchSize = 512;

    private readonly ConcurrentDictionary<(string Id, long Sequence), int> _open = [];
    private readonly ConcurrentDictionary<(string Id, long Sequence), SessionEntry> _exits = [];
    private readonly ConcurrentQueue<EventResult> _results = new();

    /// <summary>How many events are with their handlers.</summary>
    public int Open => _open.Count;

    /// <summary>An event was taken. False where it is with its handlers already: after this node was thought dead.</summary>
    public bool TryOpen(OutboxEvent taken)
    {
        var key = (taken.SessionId, taken.Sequence);
        if (_open.TryAdd(key, taken.Attempt))
        {
            return true;
        }

        // The completion says so.
        _open[key] = taken.Attempt;
        return false;
    }

    /// <summary>It did not reach its handlers, and is not given back: it is asked for again.</summary>
    public void Drop(OutboxEvent taken) => _open.TryRemove((taken.SessionId, taken.Sequence), out _);

    /// <summary>An event is delivered, or is given back.</summary>
    public void Finish(OutboxEvent taken, bool isDelivered)
    {
        var attempt = _open.TryGetValue((taken.SessionId, taken.Sequence), out var latest) ? latest : taken.Attempt;
        _results.Enqueue(new(taken.SessionId, taken.Sequence, attempt, isDelivered));
        onFinished();
    }

    /// <summary>The exit of a session is delivered: what it has in the store is removed when the store knows.</summary>
    public void FinishExit(OutboxEvent taken, SessionEntry entry)
    {
        _exits[(taken.SessionId, taken.Sequence)] = entry;
        Finish(taken, isDelivered: true);
    }

    /// <summary>Tells the store what became of events.</summary>
    /// <exception cref="SessionStoreUnavailableException">It does not answer: it is told later.</exception>
    public async ValueTask CompleteAsync()
    {
        var results = new List<EventResult>();
        while (results.Count < BatchSize && _results.TryDequeue(out var result))
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
}
