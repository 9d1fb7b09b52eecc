using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Brings the stamps of entries to the store, in batches: those somebody waits for, and with every flush those that are to be there soon.</summary>
/// <remarks>
/// An entry is marked clean before its stamps are read: a touch that comes later marks it again. Where a batch fails, its entries are marked dirty again.
/// An answer brings the stamps as the store placed them; only these count as known to be there.
/// </remarks>
internal sealed class EntryTouches
{
    private const int BatchSize = 512;

    private readonly DirtyEntries _dirty = new();
    private readonly NodeState _node;
    private readonly StoreGate _gate;
    private readonly Func<SessionEntry, SessionSnapshot> _read;
    private readonly Func<SessionSnapshot, Moment> _dueOf;
    private readonly Func<SessionEntry, SessionRecord?, ValueTask> _follow;
    private readonly Action<SessionEntry> _onLiveObjects;
    private readonly Batcher<SessionEntry, bool> _batches;
    private readonly Lock _sendingLock = new();
    private readonly List<Task> _sending = [];
    private int _failures;

    /// <param name="node">The node.</param>
    /// <param name="gate">The way to the store.</param>
    /// <param name="scheduler">Starts the batches.</param>
    /// <param name="read">What is known of an entry's session.</param>
    /// <param name="dueOf">The first moment at which a rule may come due for what was read.</param>
    /// <param name="follow">Makes an entry follow its record, where it moved on elsewhere.</param>
    /// <param name="onLiveObjects">An entry whose stamps moved has something live in this process.</param>
    public EntryTouches(
        NodeState node,
        StoreGate gate,
        IWorkScheduler scheduler,
        Func<SessionEntry, SessionSnapshot> read,
        Func<SessionSnapshot, Moment> dueOf,
        Func<SessionEntry, SessionRecord?, ValueTask> follow,
        Action<SessionEntry> onLiveObjects)
    {
        (_node, _gate, _read, _dueOf, _follow, _onLiveObjects) = (node, gate, read, dueOf, follow, onLiveObjects);
        _batches = new(scheduler, SendAsync, BatchSize);
    }

    /// <summary>An entry's stamps moved.</summary>
    public void Mark(SessionEntry entry)
    {
        if (entry.Shared!.TryMarkDirty())
        {
            _dirty.Add(entry);
        }
    }

    /// <summary>Brings the stamps of an entry to the store and waits for its answer.</summary>
    /// <exception cref="SessionStoreUnavailableException">There was none.</exception>
    public Task AskAsync(SessionEntry entry) => _batches.SendAsync(entry);

    /// <summary>
    /// Brings to the store the stamps of all entries that were dirty when it began and may be decided upon soon: their deadline, by what the store has, is
    /// near, what the store has is old, or they changed elsewhere. The others stay dirty.
    /// </summary>
    /// <param name="all">Whether all of them are brought.</param>
    /// <exception cref="SessionStoreUnavailableException">The store failed; what was not brought stays dirty.</exception>
    public async ValueTask FlushAsync(bool all)
    {
        var sending = new List<Task>();
        var now = _node.Clock.Now;
        var failures = Volatile.Read(ref _failures);
        var taken = _dirty.Take();
        var next = 0;
        try
        {
            for (; next < taken.Count; next++)
            {
                SendOrKeep(taken[next], now, all, sending);
            }
        }
        catch
        {
            for (; next < taken.Count; next++)
            {
                _dirty.Add(taken[next]);
            }

            throw;
        }

        // Under a seeded scheduler, too, in order: the first failure is thrown, the others are as well known.
        foreach (var one in sending)
        {
            await one;
        }

        // What others had taken before, and was on its way, is part of it: a touch that did not arrive is not in the store.
        foreach (var one in UnderWay())
        {
            await one;
        }

        if (failures != Volatile.Read(ref _failures))
        {
            throw new SessionStoreUnavailableException("Touches that were on their way did not reach the store of the sessions.");
        }
    }

    /// <summary>Brings a dirty entry to the store, or keeps it for later.</summary>
    private void SendOrKeep(SessionEntry entry, Moment now, bool all, List<Task> sending)
    {
        if (entry.IsEnded || !entry.Shared!.IsDirty)
        {
            return;
        }

        if (entry.Observer is { HoldsLive: true })
        {
            _onLiveObjects(entry);
        }

        if (all || IsToBeSent(entry, now))
        {
            sending.Add(AskAsync(entry));
        }
        else
        {
            _dirty.Add(entry);
        }
    }

    private Task[] UnderWay()
    {
        lock (_sendingLock)
        {
            return [.. _sending];
        }
    }

    /// <summary>The moment up to which an entry may be answered from memory, by what is known to be in the store.</summary>
    public Moment MemoryEnd(SessionEntry entry, in SessionSnapshot seen)
    {
        if (entry.Shared!.IsEnding)
        {
            return default;
        }

        var due = _dueOf(entry.Shared.Stored.In(seen));
        return due.IsNever ? due : due - _node.Pace.Guard;
    }

    /// <summary>The first moment at which an entry is to be looked at: a rule may come due, or it may not be answered from memory any more.</summary>
    public Moment Bound(SessionEntry entry, in SessionSnapshot seen, Moment nextDue) => Moment.Earlier(nextDue, MemoryEnd(entry, seen));

    private bool IsToBeSent(SessionEntry entry, Moment now)
    {
        var shared = entry.Shared!;
        var stored = Moment.Later(shared.Stored.LastSignal, shared.Stored.LastActivity);
        return shared.IsStale
            || shared.CorrectsDue
            || stored + _node.Pace.Precision <= now
            || _dueOf(shared.Stored.In(_read(entry))) <= now + _node.Pace.LiveFor;
    }

    private async ValueTask<IReadOnlyList<bool>> SendAsync(IReadOnlyList<SessionEntry> entries)
    {
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_sendingLock)
        {
            _sending.Add(sent.Task);
        }

        try
        {
            return await SendNowAsync(entries);
        }
        catch
        {
            Interlocked.Increment(ref _failures);
            throw;
        }
        finally
        {
            lock (_sendingLock)
            {
                _sending.Remove(sent.Task);
            }

            sent.SetResult();
        }
    }

    private async ValueTask<IReadOnlyList<bool>> SendNowAsync(IReadOnlyList<SessionEntry> entries)
    {
        var sent = _node.Clock.Send();
        var touches = new List<SessionTouch>(entries.Count);
        var unsure = new List<UnsureSignals>(entries.Count);
        IReadOnlyList<TouchResult> results;
        try
        {
            foreach (var entry in entries)
            {
                entry.Shared!.MarkClean();
                unsure.Add(entry.Shared.TakeUnsure());
                touches.Add(TouchOf(entry, unsure[^1]));
            }

            results = await _gate.CallAsync("writing touches", (store, stop) => store.TouchAsync(touches, stop));
        }
        catch
        {
            for (var index = 0; index < entries.Count; index++)
            {
                entries[index].Shared!.AddUnsure(index < unsure.Count ? unsure[index] : UnsureSignals.None);
                Mark(entries[index]);
            }

            throw;
        }

        if (_node.Clock.Since(sent) > _node.Pace.Lease)
        {
            // The process stood: what was answered may be long over.
            return await SendNowAsync(entries);
        }

        for (var index = 0; index < entries.Count; index++)
        {
            await TakeAsync(entries[index], results[index]);
        }

        return new bool[entries.Count];
    }

    private async ValueTask TakeAsync(SessionEntry entry, TouchResult result)
    {
        var shared = entry.Shared!;
        if (result.Version == 0)
        {
            await _follow(entry, null);
        }
        else if (result.Moved is { } moved)
        {
            await _follow(entry, moved);
        }
        else if (result.Version >= shared.Version)
        {
            shared.Stored = SessionRecords.StoredOf(result.Stamps);
            shared.CorrectsDue = false;
            var seen = _read(entry);
            if (Moment.Later(seen.ActivityHeldUntil, seen.SignalHeldUntil) > _node.Clock.Now)
            {
                // A request in flight is a touch in every batch.
                Mark(entry);
            }

            entry.Refresh(seen, Bound(entry, seen, _dueOf(seen)));
        }
    }

    private SessionTouch TouchOf(SessionEntry entry, UnsureSignals unsure)
    {
        var (shared, seen, now) = (entry.Shared!, _read(entry), _node.Clock.Now);

        // A request in flight that holds the session is a touch now.
        var activity = Moment.Later(seen.LastActivity, Moment.Earlier(now, seen.ActivityHeldUntil));
        var signal = Moment.Later(seen.LastSignal, Moment.Earlier(now, seen.SignalHeldUntil));
        StampTouch? Stamp(Moment stamp, Moment stored, UnsureSignals kind) =>
            (unsure & kind) != 0 ? new(TimeSpan.Zero, At: null)
            : stamp <= stored ? null
            : new(_node.Clock.AgeOf(stamp), SessionRecords.Span(stamp));
        return new(
            entry.Id.ToString(),
            shared.Version,
            Stamp(activity, shared.Stored.LastActivity, UnsureSignals.Activity),
            Stamp(signal, shared.Stored.LastSignal, UnsureSignals.Signal),
            Stamp(seen.IdleReset, shared.Stored.IdleReset, UnsureSignals.IdleReset),
            Stamp(seen.LastArrival, shared.Stored.LastArrival, UnsureSignals.Arrival),
            shared.CorrectsDue ? SessionRecords.SpanUnlessNever(_dueOf(shared.Stored.In(seen))) : null);
    }
}
