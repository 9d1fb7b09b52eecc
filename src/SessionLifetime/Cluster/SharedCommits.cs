using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>The decisions that are more than one write: a new session, another owner, pages that come and go, a session that is taken back.</summary>
/// <param name="directory">Where the entries are.</param>
/// <param name="node">The node.</param>
/// <param name="writer">Writes decisions.</param>
/// <param name="touches">Says until when an entry may be answered from memory.</param>
/// <param name="places">Counts the sessions of browsers and users.</param>
/// <param name="timingsOf">The durations in force for a session.</param>
/// <param name="limits">How many sessions there may be.</param>
internal sealed class SharedCommits(
    SessionDirectory directory,
    NodeState node,
    RecordWriter writer,
    EntryTouches touches,
    SharedPlaces places,
    Func<SessionSnapshot, SessionTimings> timingsOf,
    SessionDirectoryLimits limits)
{
    /// <summary>Adds a new session.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue)
    {
        if (node.Sessions >= limits.MaxSessions)
        {
            return PlacementResult.Full;
        }

        var shared = new SharedState { TakenOffAtStart = node.Clock.TakenOff };
        entry.Share(shared);

        // An end from a list waits until the session is known here.
        await shared.EnterTurnAsync();
        try
        {
            if (await places.FindAsync(entry, entry.Owner) is var place && place != PlacementResult.Added)
            {
                return place;
            }

            // Known before it is written: a list that reads its record meanwhile makes no second entry of it, and waits for the turn.
            directory.Live.Adopt(entry, hasSecret: true);
            var isWritten = false;
            try
            {
                var answer = await writer.InsertAsync(entry, nextDue);
                if (answer.Status != CommitStatus.Written)
                {
                    throw new InvalidOperationException("The store has a session of this public id already.");
                }

                isWritten = true;
                SessionRecords.Follow(shared, answer.Current!, SessionRecords.DetailsOf(answer.Current!), entry.OnlySecret, entry.Browser);
                entry.Refresh(entry.Read(), touches.Bound(entry, directory.Read(entry), nextDue));
                directory.Live.FollowCommit(entry);
                return PlacementResult.Added;
            }
            finally
            {
                if (!isWritten)
                {
                    // Its commit may reach the store all the same. Whoever has met the entry meanwhile finds it ended, and writes and touches nothing for it.
                    entry.Apply(SessionRecords.Forgotten(entry), Moment.Never, answer: null);
                    directory.Live.Forget(entry);
                }
            }
        }
        finally
        {
            shared.LeaveTurn();
        }
    }

    /// <summary>Gives a session to the owner that <paramref name="next"/> names, within the limits.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<PlacementResult> TryAssignOwnerAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        if (await places.FindAsync(entry, next.Owner) is var place && place != PlacementResult.Added)
        {
            return place;
        }

        place = await writer.TryWriteAsync(entry, seen, next, nextDue, ignoreTouches: true) ? PlacementResult.Added : PlacementResult.Moved;
        directory.Live.Settle(entry, seen.Owner, place == PlacementResult.Added ? next.Owner : seen.Owner);
        return place;
    }

    /// <summary>Writes pages and secrets that changed.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask SaveAsync(SessionEntry entry)
    {
        while (!entry.IsEnded)
        {
            var seen = directory.Read(entry);
            if (await writer.TryWriteAsync(entry, seen, seen, DueOf(seen), ignoreTouches: true))
            {
                return;
            }
        }
    }

    /// <summary>Writes that pages are gone whose grace is over.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask UnloadPagesAsync(SessionEntry entry, Moment now, TimeSpan signalTimeout)
    {
        while (!entry.IsEnded)
        {
            // What was seen first: pages that another look unloads meanwhile are those of a session that has moved on.
            var seen = directory.Read(entry);
            if (entry.Unloaded(now, signalTimeout) is not { Count: > 0 } unloaded)
            {
                return;
            }

            await writer.TryWriteAsync(entry, seen, seen, DueOf(seen), ignoreTouches: true, unloaded);
        }
    }

    /// <summary>Ends a session that nobody has been told of.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask TakeBackAsync(SessionEntry entry)
    {
        entry.Shared!.IsTakenBack = true;
        while (!entry.IsEnded)
        {
            var (seen, now) = (directory.Read(entry), directory.Now);
            var next = seen;
            Clockwork.End(ref next, SessionEndReason.Displaced, now, timingsOf(seen), now);
            await writer.TryWriteAsync(entry, seen, next, Moment.Never, ignoreTouches: true);
        }
    }

    private Moment DueOf(in SessionSnapshot seen) => Clockwork.NextDue(seen, timingsOf(seen), directory.Now);
}
