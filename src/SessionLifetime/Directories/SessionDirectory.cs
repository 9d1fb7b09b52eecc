using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>The default store: this process's memory. It never waits, and its sessions end with the process.</summary>
internal sealed class SessionDirectory : ITabSessionStore
{
    private readonly SessionDirectoryLimits _limits;
    private readonly SessionClock _clock;
    private readonly SessionRegistry _registry = new();
    private readonly SessionTable<SessionId, SecretLink> _bySecret;
    private readonly SessionTable<PublicId, PublicIdLink> _byId;
    private readonly BrowserIndex _byBrowser;
    private readonly ConcurrentDictionary<SessionId, SessionEntry> _byOtherSecret = new();
    private readonly SessionGroups<string> _byUser = new(static (owner, user) => string.Equals(owner.User, user, StringComparison.Ordinal));
    private readonly DueIndex _due;
    private readonly EndedSessionMemory _ended;

    private long _count;
    private volatile bool _isClosed;

    public SessionDirectory(TimeProvider time, SessionDirectoryLimits limits)
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

    public bool TryGet(SessionId secret, [NotNullWhen(true)] out SessionEntry? entry) =>
        (_bySecret.TryGet(secret, out entry) || _byOtherSecret.TryGetValue(secret, out entry))
        && (entry.Rotated is not { } ids || ids.IsGood(secret, Now));

    public ValueTask<SessionEntry?> FindAsync(SessionId secret, CancellationToken cancellationToken) =>
        new(TryGet(secret, out var entry) ? entry : null);

    public ValueTask<SessionEntry?> FindAsync(PublicId id, CancellationToken cancellationToken) => new(_byId.TryGet(id, out var entry) ? entry : null);

    public ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) => new(_ended.Find(secret, Now));

    public ValueTask<IReadOnlyList<SessionEntry>> ListAsync(
        SessionFilter filter,
        PublicId? after,
        int count,
        CancellationToken cancellationToken)
    {
        // The lowest ids above the mark, kept in a heap with the highest on top: one pass, no copy of the whole store.
        var lowest = new PriorityQueue<SessionEntry, ulong>(Comparer<ulong>.Create(static (a, b) => b.CompareTo(a)));
        foreach (var entry in Candidates(filter))
        {
            if ((after is { } mark && entry.Id.Value <= mark.Value) || entry.IsEnded || !filter.Matches(entry.Owner))
            {
                continue;
            }

            if (lowest.Count < count)
            {
                lowest.Enqueue(entry, entry.Id.Value);
            }
            else if (lowest.TryPeek(out _, out var highest) && entry.Id.Value < highest)
            {
                lowest.DequeueEnqueue(entry, entry.Id.Value);
            }
        }

        var list = new SessionEntry[lowest.Count];
        for (var index = list.Length - 1; index >= 0; index--)
        {
            list[index] = lowest.Dequeue();
        }

        return new(list);
    }

    public ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken)
    {
        if (_isClosed)
        {
            return new(PlacementResult.Closed);
        }

        if (Interlocked.Increment(ref _count) > _limits.MaxSessions)
        {
            Interlocked.Decrement(ref _count);
            return new(PlacementResult.Full);
        }

        _registry.Add(entry);
        var place = Enter(entry, entry.Owner);
        if (place != PlacementResult.Added)
        {
            Leave(entry, entry.Owner);
            _due.Forget(entry);
            Interlocked.Decrement(ref _count);
            return new(place);
        }

        _bySecret.Add(entry);
        _byId.Add(entry);
        _due.Put(entry, nextDue);

        // Its place in a group shows it before it is here: who took the place has ended it, and found nothing to forget.
        if (entry.IsEnded)
        {
            Forget(entry);
        }

        return new(PlacementResult.Added);
    }

    public void MarkDirty(SessionEntry entry)
    {
        // The entry is the only place where the session is kept.
    }

    public ValueTask<bool> TryCommitAsync(
        SessionEntry entry,
        in SessionSnapshot seen,
        in SessionSnapshot next,
        Moment nextDue,
        bool ignoreTouches = false)
    {
        if (!entry.TryCommit(seen, next, nextDue, ignoreTouches))
        {
            return new(false);
        }

        if (next.State != SessionState.Ended)
        {
            _due.Put(entry, entry.NextDue);
            return new(true);
        }

        // Remembered before it is forgotten: no request finds neither.
        Remember(entry, next.EndReason);
        Forget(entry);
        return new(true);
    }

    public ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue)
    {
        // A place first, so that a limit holds however many come at once.
        var place = Enter(entry, next.Owner);
        if (place == PlacementResult.Added && !entry.TryCommit(seen, next, nextDue, ignoreTouches: true))
        {
            place = PlacementResult.Moved;
        }

        Settle(entry, next.Owner);
        Settle(entry, seen.Owner);
        return new(place);
    }

    public ValueTask RotateAsync(SessionEntry entry, bool evenIfPending = false)
    {
        for (var isDone = false; !isDone && !entry.IsEnded;)
        {
            var ids = entry.Rotated;
            if (ids?.Pending is not null && !evenIfPending)
            {
                break;
            }

            // It leads here before anybody can know it.
            var next = SessionId.Create();
            _byOtherSecret[next] = entry;
            IReadOnlyList<SessionId> forgotten = [];
            isDone = entry.TryRotate(ids, ids?.With(next, out forgotten) ?? RotatedIds.First(entry.Secret, next));

            // What ends meanwhile has taken out the secrets it knew of.
            if (!isDone || entry.IsEnded)
            {
                _byOtherSecret.TryRemove(next, out _);
            }

            Forget(isDone ? forgotten : []);
        }

        return default;
    }

    public void Used(SessionEntry entry, SessionId secret)
    {
        while (entry.Rotated is { } ids && ids.Pending == secret)
        {
            var now = Now;
            if (entry.TryRotate(ids, ids.Promote(now, now + _limits.IdRotationOverlap, out var forgotten)))
            {
                Forget(forgotten);
            }
        }
    }

    // Who dies here takes everything with it.
    public ValueTask AcknowledgeEndAsync(SessionEntry entry) => default;

    public ValueTask<int> TakeDueAsync(Memory<SessionEntry> due, Moment now, CancellationToken cancellationToken)
    {
        _ended.Trim(now);
        return new(_due.TakeDue(due.Span, now));
    }

    public void Prefetch(ReadOnlySpan<SessionEntry> entries)
    {
        foreach (var entry in entries)
        {
            _bySecret.Prefetch(entry);
            _byId.Prefetch(entry);
            _byBrowser.Prefetch(entry);
        }

        foreach (var entry in entries)
        {
            _bySecret.PrefetchChain(entry);
            _byId.PrefetchChain(entry);
        }
    }

    public void Reschedule(SessionEntry entry, Moment nextDue) => _due.Put(entry, nextDue);

    public void Reschedule(ReadOnlySpan<SessionEntry> entries) => _due.Put(entries);

    public bool IsClosed => _isClosed;

    public void Close() => _isClosed = true;

    /// <summary>How many browsers and how many users have sessions.</summary>
    internal (int Browsers, int Users) CountGroups() => (_byBrowser.Count, _byUser.Count);

    private IEnumerable<SessionEntry> Candidates(SessionFilter filter) =>
        filter.Browser is { } browser ? _byBrowser.Members(browser)
        : filter.User is { } user ? _byUser.Members(user)
        : _byId.All();

    private PlacementResult Enter(SessionEntry entry, SessionOwner owner) =>
        owner.BrowserId is { } browser
        && _byBrowser.Enter(browser, entry, _limits.MaxSessionsPerBrowser ?? int.MaxValue) is var entered and not PlacementResult.Added ? entered
        : owner.User is { } user && !_byUser.TryEnter(user, entry, _limits.MaxSessionsPerUser ?? int.MaxValue) ? PlacementResult.UserFull
        : PlacementResult.Added;

    private void Leave(SessionEntry entry, SessionOwner owner)
    {
        _byBrowser.Leave(entry);
        if (owner.User is { } user)
        {
            _byUser.Leave(user, entry);
        }
    }

    private void Settle(SessionEntry entry, SessionOwner owner)
    {
        if (owner.BrowserId is { } browser)
        {
            _byBrowser.Settle(browser, entry);
        }

        if (owner.User is { } user)
        {
            _byUser.Settle(user, entry);
        }
    }

    private void Remember(SessionEntry entry, SessionEndReason reason)
    {
        var now = Now;
        if (entry.Rotated is not { } ids)
        {
            _ended.Add(new EndedSession(entry.Secret, entry.Id, reason, now));
            return;
        }

        foreach (var secret in ids.All)
        {
            _ended.Add(new EndedSession(secret, entry.Id, reason, now));
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
    private void Forget(SessionEntry entry)
    {
        var isOurs = _byId.Remove(entry);
        Leave(entry, entry.Owner);
        if (!isOurs)
        {
            return;
        }

        _bySecret.Remove(entry);
        if (entry.Rotated is { } ids)
        {
            Forget(ids.All);
        }

        _due.Forget(entry);
        Interlocked.Decrement(ref _count);
    }
}
