using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>
/// The entries of living sessions in this process, under all they are found by at once: their secrets, their public ids, their browsers and users, and when
/// they are next due; and the memory of those that ended lately.
/// </summary>
/// <remarks>All members are thread-safe.</remarks>
/// <param name="registry">Gives entries their numbers.</param>
/// <param name="tables">Finds them by secrets and public ids.</param>
/// <param name="clock">The clock that rules.</param>
/// <param name="limits">How many there may be.</param>
internal sealed class LiveSessions(SessionRegistry registry, SessionTables tables, SessionClock clock, SessionDirectoryLimits limits)
{
    private readonly SessionPlaces _places = new(registry, limits);
    private readonly DueIndex _due = new(registry, limits.SweepInterval);
    private readonly EndedSessionMemory _ended = new(limits.MaxEndedSessions, limits.EndedSessionRetention);
    private long _count;

    /// <summary>How many there are.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>Adds a new session, within the limits.</summary>
    public PlacementResult TryAdd(SessionEntry entry, Moment nextDue)
    {
        if (Interlocked.Increment(ref _count) > limits.MaxSessions)
        {
            Interlocked.Decrement(ref _count);
            return PlacementResult.Full;
        }

        registry.Add(entry);
        var place = Enter(entry, entry.Owner);
        if (place != PlacementResult.Added)
        {
            _places.Leave(entry, entry.Owner);
            _due.Forget(entry);
            Interlocked.Decrement(ref _count);
            return place;
        }

        tables.Add(entry);
        _due.Put(entry, nextDue);

        // Its place in a group shows the session before it is in the tables: it may have been ended by then, and not been found there.
        if (entry.IsEnded)
        {
            Forget(entry);
        }

        return PlacementResult.Added;
    }

    /// <summary>Adds an entry that was read from a backing store. The caller sees to it that there is one entry for a session.</summary>
    public void Adopt(SessionEntry entry, bool hasSecret)
    {
        Interlocked.Increment(ref _count);
        registry.Add(entry);
        if (hasSecret)
        {
            tables.AddBySecret(entry);
        }

        tables.AddById(entry);
        _places.Settle(entry, entry.Owner);
        _due.Put(entry, entry.NextDue);
    }

    /// <summary>A secret of an adopted entry has become known.</summary>
    public void Learn(SessionEntry entry, SessionId secret)
    {
        if (entry.TryLearnSecret(secret))
        {
            tables.AddBySecret(entry);
        }
        else if (entry.Secret != secret)
        {
            tables.AddSecret(entry, secret);
        }
    }

    /// <summary>Takes places for a session with an owner, within the limits.</summary>
    public PlacementResult Enter(SessionEntry entry, SessionOwner owner) => _places.Enter(entry, owner);

    /// <summary>Makes the places of a session right after its owner was, or was to be, changed.</summary>
    public void Settle(SessionEntry entry, SessionOwner before, SessionOwner after)
    {
        _places.Settle(entry, after);
        _places.Settle(entry, before);
    }

    /// <summary>Moves an entry's stamps, and what follows from them, if it is still as it was seen.</summary>
    public bool TryTouch(SessionEntry entry, in SessionSnapshot seen, in SessionSnapshot next, Moment nextDue)
    {
        if (!entry.TryCommit(seen, next, nextDue))
        {
            return false;
        }

        _due.Put(entry, entry.NextDue);
        return true;
    }

    /// <summary>An entry was committed: it is found when it is next due, or, when it has ended, not at all.</summary>
    public void FollowCommit(SessionEntry entry)
    {
        if (!entry.IsEnded)
        {
            _due.Put(entry, entry.NextDue);
            return;
        }

        // Remembered before it is forgotten: no request finds neither.
        _ended.Add(entry, clock.Now);
        Forget(entry);
    }

    /// <summary>
    /// Takes a session out of everything. Called by the end of a session, by an addition that finds it ended, and for an entry that could not be written. The
    /// table it is added to last is asked first: one of the callers finds it there, and then it is in all others. Its number is free when it is in none.
    /// </summary>
    public void Forget(SessionEntry entry)
    {
        var isOurs = tables.TryRemoveById(entry);
        _places.Leave(entry, entry.Owner);
        if (!isOurs)
        {
            return;
        }

        tables.RemoveSecretsOf(entry);

        _due.Forget(entry);
        Interlocked.Decrement(ref _count);
    }

    /// <summary>What is remembered of an ended session; null when nothing is.</summary>
    public EndedSession? FindEnded(SessionId secret) => _ended.Find(secret, clock.Now);

    /// <summary>The sessions among which those are that a filter means.</summary>
    public IEnumerable<SessionEntry> Candidates(SessionFilter filter) => _places.Candidates(filter) ?? tables.All();

    /// <summary>Takes sessions that may be due by <paramref name="now"/>; each is given to one caller.</summary>
    public int TakeDue(Span<SessionEntry> due, Moment now)
    {
        _ended.Trim(now);
        return _due.TakeDue(due, now);
    }

    /// <summary>Makes sure a session is looked at by <paramref name="nextDue"/> at the latest.</summary>
    public void PutDue(SessionEntry entry, Moment nextDue) => _due.Put(entry, nextDue);

    /// <summary>Makes sure each of these sessions is looked at when it is next due.</summary>
    public void PutDue(ReadOnlySpan<SessionEntry> entries) => _due.Put(entries);

    /// <summary>Asks the processor for the memory that the ends of these sessions will touch.</summary>
    public void Prefetch(ReadOnlySpan<SessionEntry> entries)
    {
        _places.Prefetch(entries);
        tables.Prefetch(entries);
    }

    /// <summary>How many browsers and how many users have sessions.</summary>
    public (int Browsers, int Users) CountGroups() => _places.Count;
}
