using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace SessionLifetime;

/// <summary>The default store: this process's memory. It never waits, and its sessions end with the process.</summary>
internal sealed class MemorySessionStore(TimeProvider time, MemorySessionStoreLimits limits) : ITabSessionStore
{
    private readonly SessionClock _clock = new(time);
    private readonly ConcurrentDictionary<SessionId, SessionCell> _bySecret = new();
    private readonly ConcurrentDictionary<PublicId, SessionCell> _byId = new();
    private readonly DueIndex _due = new(limits.SlotWidth);
    private readonly EndedSessionMemory _ended = new(limits.MaxEndedSessions, limits.EndedSessionRetention);

    private long _count;
    private volatile bool _isClosed;

    public long Count => Volatile.Read(ref _count);

    public Moment Now => _clock.Now;

    public DateTimeOffset ToUtc(Moment moment) => _clock.ToUtc(moment);

    public bool TryGet(SessionId secret, [NotNullWhen(true)] out SessionCell? cell) => _bySecret.TryGetValue(secret, out cell);

    public ValueTask<SessionCell?> FindAsync(SessionId secret, CancellationToken cancellationToken) =>
        new(_bySecret.GetValueOrDefault(secret));

    public ValueTask<SessionCell?> FindAsync(PublicId id, CancellationToken cancellationToken) => new(_byId.GetValueOrDefault(id));

    public ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) => new(_ended.Find(secret, Now));

    public ValueTask<IReadOnlyList<SessionCell>> ListAsync(PublicId? after, int count, CancellationToken cancellationToken)
    {
        // The lowest ids above the mark, kept in a heap with the highest on top: one pass, no copy of the whole store.
        var lowest = new PriorityQueue<SessionCell, ulong>(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
        foreach (var (id, cell) in _byId)
        {
            if (after is { } mark && id.Value <= mark.Value)
            {
                continue;
            }

            if (lowest.Count < count)
            {
                lowest.Enqueue(cell, id.Value);
            }
            else if (lowest.TryPeek(out _, out var highest) && id.Value < highest)
            {
                lowest.DequeueEnqueue(cell, id.Value);
            }
        }

        var list = new SessionCell[lowest.Count];
        for (var index = list.Length - 1; index >= 0; index--)
        {
            list[index] = lowest.Dequeue();
        }

        return new(list);
    }

    public ValueTask<SessionAddition> AddAsync(SessionCell cell, Moment nextDue, CancellationToken cancellationToken)
    {
        if (_isClosed)
        {
            return new(SessionAddition.Closed);
        }

        if (Interlocked.Increment(ref _count) > limits.MaxSessions)
        {
            Interlocked.Decrement(ref _count);
            return new(SessionAddition.Full);
        }

        _bySecret[cell.Secret] = cell;
        _byId[cell.Id] = cell;
        _due.Put(cell, nextDue);

        return new(SessionAddition.Added);
    }

    public void Touched(SessionCell cell)
    {
        // The cell is the only place where the session is kept.
    }

    public ValueTask<bool> TryCommitAsync(
        SessionCell cell,
        SessionSnapshot seen,
        SessionSnapshot next,
        Moment nextDue,
        bool whateverTouches = false)
    {
        if (!cell.TryCommit(seen, next, nextDue, whateverTouches))
        {
            return new(false);
        }

        if (next.State != SessionState.Ended)
        {
            _due.Put(cell, cell.NextDue);
            return new(true);
        }

        // Remembered before it is forgotten: no request finds neither.
        _ended.Add(new EndedSession(cell.Secret, cell.Id, next.EndReason, Now));
        Forget(cell);
        return new(true);
    }

    // Who dies here takes everything with it.
    public ValueTask AcknowledgeEndAsync(SessionCell cell) => default;

    public ValueTask<int> TakeDueAsync(Memory<SessionCell> due, Moment now, CancellationToken cancellationToken)
    {
        _ended.Trim(now);
        return new(_due.TakeDue(due.Span, now));
    }

    public void Reschedule(SessionCell cell, Moment nextDue) => _due.Put(cell, nextDue);

    public bool IsClosed => _isClosed;

    public void Close() => _isClosed = true;

    private void Forget(SessionCell cell)
    {
        if (_bySecret.TryRemove(cell.Secret, out _))
        {
            Interlocked.Decrement(ref _count);
        }

        _byId.TryRemove(cell.Id, out _);
        _due.Remove(cell);
    }
}
