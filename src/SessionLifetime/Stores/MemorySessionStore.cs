using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;

namespace SessionLifetime;

/// <summary>The default store: this process's memory. It never waits, and its sessions end with the process.</summary>
internal sealed class MemorySessionStore : ITabSessionStore
{
    private readonly MemorySessionStoreLimits _limits;
    private readonly SessionClock _clock;
    private readonly SessionRegistry _registry = new();
    private readonly SessionTable<SessionId, SecretLink> _bySecret;
    private readonly SessionTable<PublicId, PublicIdLink> _byId;
    private readonly BrowserIndex _byBrowser;
    private readonly ConcurrentDictionary<SessionId, SessionCell> _byOtherSecret = new();
    private readonly SessionGroups<string> _byUser = new(static (owner, user) => string.Equals(owner.User, user, StringComparison.Ordinal));
    private readonly DueIndex _due;
    private readonly EndedSessionMemory _ended;

    private long _count;
    private volatile bool _isClosed;

    public MemorySessionStore(TimeProvider time, MemorySessionStoreLimits limits)
    {
        _limits = limits;
        _clock = new(time);
        _bySecret = new(_registry);
        _byId = new(_registry);
        _byBrowser = new(_registry);
        _due = new(_registry, limits.SweepInterval);
        _ended = new(limits.MaxEndedSessions, limits.EndedSessionRetention);
    }

    public long Count => Volatile.Read(ref _count);

    public Moment Now => _clock.Now;

    public DateTimeOffset ToUtc(Moment moment) => _clock.ToUtc(moment);

    public bool TryGet(SessionId secret, [NotNullWhen(true)] out SessionCell? cell) =>
        (_bySecret.TryGet(secret, out cell) || _byOtherSecret.TryGetValue(secret, out cell))
        && (cell.Rotated is not { } ids || ids.IsGood(secret, Now));

    public ValueTask<SessionCell?> FindAsync(SessionId secret, CancellationToken cancellationToken) =>
        new(TryGet(secret, out var cell) ? cell : null);

    public ValueTask<SessionCell?> FindAsync(PublicId id, CancellationToken cancellationToken) => new(_byId.TryGet(id, out var cell) ? cell : null);

    public ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) => new(_ended.Find(secret, Now));

    public ValueTask<IReadOnlyList<SessionCell>> ListAsync(
        SessionFilter filter,
        PublicId? after,
        int count,
        CancellationToken cancellationToken)
    {
        // The lowest ids above the mark, kept in a heap with the highest on top: one pass, no copy of the whole store.
        var lowest = new PriorityQueue<SessionCell, ulong>(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
        foreach (var cell in Candidates(filter))
        {
            if ((after is { } mark && cell.Id.Value <= mark.Value) || cell.IsEnded || !filter.Matches(cell.Owner))
            {
                continue;
            }

            if (lowest.Count < count)
            {
                lowest.Enqueue(cell, cell.Id.Value);
            }
            else if (lowest.TryPeek(out _, out var highest) && cell.Id.Value < highest)
            {
                lowest.DequeueEnqueue(cell, cell.Id.Value);
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

        if (Interlocked.Increment(ref _count) > _limits.MaxSessions)
        {
            Interlocked.Decrement(ref _count);
            return new(SessionAddition.Full);
        }

        _registry.Add(cell);
        var place = Enter(cell, cell.Owner);
        if (place != SessionAddition.Added)
        {
            Leave(cell, cell.Owner);
            _due.Forget(cell);
            Interlocked.Decrement(ref _count);
            return new(place);
        }

        _bySecret.Add(cell);
        _byId.Add(cell);
        _due.Put(cell, nextDue);

        // Its place in a group shows it before it is here: who took the place has ended it, and found nothing to forget.
        if (cell.IsEnded)
        {
            Forget(cell);
        }

        return new(SessionAddition.Added);
    }

    public void Touched(SessionCell cell)
    {
        // The cell is the only place where the session is kept.
    }

    public ValueTask<bool> TryCommitAsync(
        SessionCell cell,
        in SessionSnapshot seen,
        in SessionSnapshot next,
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
        Remember(cell, next.EndReason);
        Forget(cell);
        return new(true);
    }

    public ValueTask<SessionAddition> TryGiveAsync(SessionCell cell, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue)
    {
        // A place first, so that a limit holds however many come at once.
        var place = Enter(cell, next.Owner);
        if (place == SessionAddition.Added && !cell.TryCommit(seen, next, nextDue, whateverTouches: true))
        {
            place = SessionAddition.Moved;
        }

        Settle(cell, next.Owner);
        Settle(cell, seen.Owner);
        return new(place);
    }

    public ValueTask RotateAsync(SessionCell cell, bool isUrgent = false)
    {
        for (var isDone = false; !isDone && !cell.IsEnded;)
        {
            var ids = cell.Rotated;
            if (ids?.Pending is not null && !isUrgent)
            {
                break;
            }

            // It leads here before anybody can know it.
            var next = SessionId.Create();
            _byOtherSecret[next] = cell;
            IReadOnlyList<SessionId> forgotten = [];
            isDone = cell.TryRotate(ids, ids?.With(next, out forgotten) ?? RotatedIds.First(cell.Secret, next));

            // What ends meanwhile has taken out the secrets it knew of.
            if (!isDone || cell.IsEnded)
            {
                _byOtherSecret.TryRemove(next, out _);
            }

            Forget(isDone ? forgotten : []);
        }

        return default;
    }

    public void Used(SessionCell cell, SessionId secret)
    {
        while (cell.Rotated is { } ids && ids.Pending == secret)
        {
            var now = Now;
            if (cell.TryRotate(ids, ids.Promote(now, now + _limits.IdRotationOverlap, out var forgotten)))
            {
                Forget(forgotten);
            }
        }
    }

    // Who dies here takes everything with it.
    public ValueTask AcknowledgeEndAsync(SessionCell cell) => default;

    public ValueTask<int> TakeDueAsync(Memory<SessionCell> due, Moment now, CancellationToken cancellationToken)
    {
        _ended.Trim(now);
        return new(_due.TakeDue(due.Span, now));
    }

    public void Prefetch(ReadOnlySpan<SessionCell> cells)
    {
        foreach (var cell in cells)
        {
            _bySecret.Prefetch(cell);
            _byId.Prefetch(cell);
            _byBrowser.Prefetch(cell);
        }

        foreach (var cell in cells)
        {
            _bySecret.PrefetchChain(cell);
            _byId.PrefetchChain(cell);
        }
    }

    public void Reschedule(SessionCell cell, Moment nextDue) => _due.Put(cell, nextDue);

    public void Reschedule(ReadOnlySpan<SessionCell> cells) => _due.Put(cells);

    public bool IsClosed => _isClosed;

    public void Close() => _isClosed = true;

    /// <summary>How many browsers and how many users have sessions.</summary>
    internal (int Browsers, int Users) CountGroups() => (_byBrowser.Count, _byUser.Count);

    private IEnumerable<SessionCell> Candidates(SessionFilter filter) =>
        filter.Browser is { } browser ? _byBrowser.Members(browser)
        : filter.User is { } user ? _byUser.Members(user)
        : _byId.All();

    private SessionAddition Enter(SessionCell cell, SessionOwner owner) =>
        owner.BrowserId is { } browser
        && _byBrowser.Enter(browser, cell, _limits.MaxSessionsPerBrowser ?? int.MaxValue) is var entered and not SessionAddition.Added ? entered
        : owner.User is { } user && !_byUser.TryEnter(user, cell, _limits.MaxSessionsPerUser ?? int.MaxValue) ? SessionAddition.UserFull
        : SessionAddition.Added;

    private void Leave(SessionCell cell, SessionOwner owner)
    {
        _byBrowser.Leave(cell);
        if (owner.User is { } user)
        {
            _byUser.Leave(user, cell);
        }
    }

    private void Settle(SessionCell cell, SessionOwner owner)
    {
        if (owner.BrowserId is { } browser)
        {
            _byBrowser.Settle(browser, cell);
        }

        if (owner.User is { } user)
        {
            _byUser.Settle(user, cell);
        }
    }

    private void Remember(SessionCell cell, SessionEndReason reason)
    {
        var now = Now;
        if (cell.Rotated is not { } ids)
        {
            _ended.Add(new EndedSession(cell.Secret, cell.Id, reason, now));
            return;
        }

        foreach (var secret in ids.All)
        {
            _ended.Add(new EndedSession(secret, cell.Id, reason, now));
        }
    }

    /// <summary>The secret a session started with leads to it as long as it lives; whether it is still good, the session says.</summary>
    private void Forget(IEnumerable<SessionId> secrets)
    {
        foreach (var secret in secrets)
        {
            _byOtherSecret.TryRemove(secret, out _);
        }
    }

    /// <summary>
    /// Takes a session out of everything. Two may come by here: who ended it, and who was just adding it. The table it is added to last is
    /// asked first: one of the two finds it there, which then is in all others; and its number is free when it is in none.
    /// </summary>
    private void Forget(SessionCell cell)
    {
        var isOurs = _byId.Remove(cell);
        Leave(cell, cell.Owner);
        if (!isOurs)
        {
            return;
        }

        _bySecret.Remove(cell);
        if (cell.Rotated is { } ids)
        {
            Forget(ids.All);
        }

        _due.Forget(cell);
        Interlocked.Decrement(ref _count);
    }
}
