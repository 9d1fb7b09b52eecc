using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Counts signals: answers them from memory while that cannot matter, and otherwise brings them to the store and waits.</summary>
/// <param name="directory">Where the entries are.</param>
/// <param name="node">The node.</param>
/// <param name="gate">The way to the store.</param>
/// <param name="options">How long a session is served on in an outage.</param>
/// <param name="touches">Brings stamps to the store.</param>
/// <param name="news">Reads entries again that are known to be older.</param>
internal sealed class SharedSignals(
    SessionDirectory directory, NodeState node, StoreGate gate, SessionStoreOptions options, EntryTouches touches, EntryNews news)
{
    /// <summary>A touch moved an entry's stamps in place.</summary>
    /// <returns>False where it took so long that it does not count.</returns>
    public bool TryKeep(SessionEntry entry, Moment now)
    {
        entry.Shared!.Arrive(now);
        touches.Mark(entry);
        return directory.NowForTouch is { IsNever: false } after && after.Since(now) <= node.Pace.Flush;
    }

    /// <summary>A request that held the entry's clocks has completed.</summary>
    public void Complete(SessionEntry entry, bool isActivity)
    {
        // A new session that found no place is in no store.
        if (entry.Shared is { } shared)
        {
            if (!node.Clock.HasLease)
            {
                shared.AddUnsure(isActivity ? UnsureSignals.Activity | UnsureSignals.Signal : UnsureSignals.Signal);
            }

            touches.Mark(entry);
        }
    }

    /// <summary>A signal came that is not answered from memory.</summary>
    public void Receive(SessionEntry entry, in SignalReport signal)
    {
        if (node.Clock.HasLease)
        {
            return;
        }

        entry.Shared!.AddUnsure(UnsureSignals.Signal
            | (signal.IsActivity ? UnsureSignals.Activity : UnsureSignals.None)
            | (signal.IsStretch ? UnsureSignals.IdleReset : UnsureSignals.None)
            | (signal.DisarmsNothing ? UnsureSignals.None : UnsureSignals.Arrival));
    }

    /// <summary>The stamps of a signal, and what follows from them.</summary>
    /// <returns>False when the session is not as it was seen, here or in the store.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer, and the session cannot be served without it.</exception>
    public async ValueTask<bool> TryTouchAsync(SessionEntry entry, SessionSnapshot seen, SessionSnapshot next, Moment nextDue)
    {
        var shared = entry.Shared!;
        if (await IsToBeLookedAtAnewAsync(entry))
        {
            return false;
        }

        var fromMemory = MayTellFromMemory(entry, seen);
        await shared.EnterTurnAsync();
        try
        {
            if (shared.IsStale || !directory.Live.TryTouch(entry, seen, next, touches.Bound(entry, next, nextDue)))
            {
                return false;
            }
        }
        finally
        {
            shared.LeaveTurn();
        }

        touches.Mark(entry);
        return fromMemory || await AskAsync(entry, seen);
    }

    /// <summary>Asks the store whether a session is as it is known here, unless that is certain.</summary>
    /// <returns>False where it is not: look again.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer, and the session cannot be served without it.</exception>
    public async ValueTask<bool> TryConfirmAsync(SessionEntry entry)
    {
        if (await IsToBeLookedAtAnewAsync(entry))
        {
            return false;
        }

        var (seen, version) = (directory.Read(entry), entry.Shared!.Version);
        return MayTellFromMemory(entry, seen) || (await AskAsync(entry, seen) && entry.Shared.Version == version);
    }

    /// <summary>What is known here was not right: it is now.</summary>
    private async ValueTask<bool> IsToBeLookedAtAnewAsync(SessionEntry entry)
    {
        var shared = entry.Shared!;
        if (shared.IsEnding)
        {
            throw new SessionStoreUnavailableException("The session is to end; the store could not be told yet.");
        }

        if (shared.IsStale)
        {
            // What it was is over. Where the store does not tell, nobody knows.
            await news.ReloadAsync(entry);
            return true;
        }

        // The clock stood: what is due is to be looked at by the right time.
        return !node.Clock.HasLease && !gate.IsAway && await node.Beat() && node.Clock.HasLease;
    }

    private bool MayTellFromMemory(SessionEntry entry, in SessionSnapshot seen) =>
        node.Clock.HasLease && IsPlain(seen) && touches.MemoryEnd(entry, seen) > directory.Now;

    /// <summary>Brings the stamps of a session to the store, which tells where it has changed.</summary>
    /// <returns>False when it has ended.</returns>
    private async ValueTask<bool> AskAsync(SessionEntry entry, SessionSnapshot seen)
    {
        try
        {
            await touches.AskAsync(entry);
            return !entry.IsEnded;
        }
        catch (SessionStoreUnavailableException)
        {
            // A plain session far from its end is served on for a while: the clock stands, so nothing comes nearer. Not by a node that has only stood
            // still itself: the store is there, and tells what the others have ended.
            if (gate.IsAway
                && IsPlain(seen)
                && !entry.Shared!.IsStale
                && touches.MemoryEnd(entry, seen) > directory.Now
                && node.Clock.SinceHeard < options.StoreOutageTolerance)
            {
                return true;
            }

            throw;
        }
    }

    private static bool IsPlain(in SessionSnapshot seen) =>
        seen is { State: SessionState.Active, Raising: false, Confirmed: true } && seen.SelfDestructAt.IsNever;
}
