using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Policy;
using SessionLifetime.Time;

namespace SessionLifetime.Engine;

/// <summary>
/// Binds sessions to the browser whose key a request brings, and to the user who signed in, within the limits.
/// </summary>
internal sealed class SessionOwnership(SessionEngine engine, TimeProvider time, ILogger<SessionOwnership> logger)
{
    /// <summary>Within it, two activities have no order that all processes would agree on.</summary>
    private static readonly TimeSpan s_sameMoment = TimeSpan.FromSeconds(5);

    /// <summary>How long one that has a place waits for another newcomer to take it away.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(0.5);

    /// <summary>
    /// Gives a session that has no browser, or no user, to those the request brings. What it is bound to already stays: the caller reads the owner again.
    /// Together with a user it gets a new secret.
    /// </summary>
    /// <param name="entry">The session.</param>
    /// <param name="browser">The key the request brings, or none.</param>
    /// <param name="user">Who is signed in, or null.</param>
    /// <returns>Added, also when the session has ended; or what is full.</returns>
    public async ValueTask<PlacementResult> ClaimAsync(SessionEntry entry, BrowserKey browser, string? user)
    {
        var rotates = false;
        var outcome = await ChangeAsync(entry, owner =>
        {
            rotates = owner.User is null && user is not null;
            return new(owner.Browser.IsNone ? browser : owner.Browser, owner.User ?? user);
        });
        if (outcome == PlacementResult.Added && rotates)
        {
            await engine.Rotation.RotateAsync(entry, evenIfPending: true);
        }

        return outcome;
    }

    /// <summary>The user signed out: unbinds the user, and rotates the secret.</summary>
    public async Task ReleaseUserAsync(SessionEntry entry)
    {
        await ChangeAsync(entry, static owner => owner with { User = null });
        await engine.Rotation.RotateAsync(entry, evenIfPending: true);
    }

    /// <summary>Adds a new session to the store, and makes room for it where the policy says so.</summary>
    public ValueTask<PlacementResult> AddAsync(SessionEntry entry, Moment nextDue, CancellationToken cancellationToken) => WithRoomAsync(
        entry,
        entry.Owner,
        () => engine.Directory.AddAsync(entry, nextDue, cancellationToken),
        () => engine.Directory.TakeBackAsync(entry));

    private async ValueTask<PlacementResult> ChangeAsync(SessionEntry entry, Func<SessionOwner, SessionOwner> change)
    {
        while (true)
        {
            var seen = entry.Read();
            var next = seen;
            var owner = change(seen.Owner);
            if (seen.State == SessionState.Ended || owner == seen.Owner)
            {
                return PlacementResult.Added;
            }

            next.Owner = owner;
            var due = Clockwork.NextDue(next, engine.TimingsOf(next), engine.Directory.Now);
            var outcome = await WithRoomAsync(entry, owner, () => engine.Directory.TryAssignOwnerAsync(entry, seen, next, due), () => ReturnAsync(entry, seen.Owner));
            if (outcome != PlacementResult.Moved)
            {
                return outcome;
            }
        }
    }

    /// <summary>Makes a session the former owner's again.</summary>
    private async ValueTask ReturnAsync(SessionEntry entry, SessionOwner former)
    {
        PlacementResult outcome;
        do
        {
            var seen = entry.Read();
            var next = seen;
            next.Owner = former;
            outcome = seen.State == SessionState.Ended
                ? PlacementResult.Added
                : await engine.Directory.TryAssignOwnerAsync(entry, seen, next, Clockwork.NextDue(next, engine.TimingsOf(next), engine.Directory.Now));
        }
        while (outcome == PlacementResult.Moved);
    }

    private async ValueTask<PlacementResult> WithRoomAsync(SessionEntry entry, SessionOwner owner, Func<ValueTask<PlacementResult>> add, Func<ValueTask> undo)
    {
        while (true)
        {
            var outcome = await add();
            if (outcome == PlacementResult.Added)
            {
                return await KeepPlaceAsync(entry, owner, undo);
            }

            if (outcome is not (PlacementResult.BrowserFull or PlacementResult.UserFull))
            {
                return outcome;
            }

            // A place that was made may be taken by another newcomer, which has made one, too: this one is not refused after others were displaced.
            if (engine.Options.LimitPolicy == SessionLimitPolicy.RefuseNew
                || !await DisplaceAsync(entry, FilterOf(outcome, owner)))
            {
                logger.AtLimit(outcome == PlacementResult.UserFull ? "MaxSessionsPerUser" : "MaxSessionsPerBrowser");
                return outcome;
            }
        }
    }

    /// <summary>
    /// Where processes share their sessions, a place is taken first and counted after: two that take the last one at the same moment both see it. A
    /// newcomer that is to be refused gives it back; otherwise one of the two makes room.
    /// </summary>
    private async ValueTask<PlacementResult> KeepPlaceAsync(SessionEntry entry, SessionOwner owner, Func<ValueTask> undo)
    {
        var amongEarlier = true;
        while (!entry.IsEnded && await engine.Directory.CountAgainAsync(entry, owner) is var full && full != PlacementResult.Added)
        {
            if (engine.Options.LimitPolicy == SessionLimitPolicy.RefuseNew)
            {
                await undo();
                logger.AtLimit(full == PlacementResult.UserFull ? "MaxSessionsPerUser" : "MaxSessionsPerBrowser");
                return full;
            }

            if (!await DisplaceAsync(entry, FilterOf(full, owner), amongEarlier))
            {
                // The other one ends this one, unless it had counted before this one was there: then nobody else makes room.
                await Task.Delay(s_patience, time);
                await engine.Directory.TryReadAnewAsync(entry);
                amongEarlier = false;
            }
        }

        return PlacementResult.Added;
    }

    private static SessionFilter FilterOf(PlacementResult full, SessionOwner owner) =>
        full == PlacementResult.UserFull ? new(User: owner.User) : new(Browser: owner.BrowserId);

    /// <summary>Ends the session whose user was idle longest.</summary>
    /// <param name="newcomer">The session that needs the place.</param>
    /// <param name="filter">Those it may have it from.</param>
    /// <param name="amongEarlier">Whether it has a place, and only those that were there before it may lose theirs: of two newcomers one ends the other.</param>
    private async ValueTask<bool> DisplaceAsync(SessionEntry newcomer, SessionFilter filter, bool amongEarlier = false)
    {
        var now = engine.Directory.Now;
        var others = await engine.Directory.ListAsync(filter, after: null, int.MaxValue, CancellationToken.None);
        if (amongEarlier)
        {
            others = [.. others.Where(other => IsEarlier(other, newcomer, now))];
            if (others.Count == 0)
            {
                return false;
            }
        }

        if (others.Where(other => other != newcomer).MinBy(other => LastActivity(other, now).Ticks) is not { } oldest)
        {
            // The session that had the place has ended, and is about to give it back.
            await Task.Yield();
            return true;
        }

        return await engine.TryEndAsync(oldest, SessionEndReason.Displaced) || oldest.IsEnded;
    }

    /// <summary>While a request of the user is in flight, that is now.</summary>
    private static Moment LastActivity(SessionEntry entry, Moment now) => entry.Read() is var seen && seen.ActivityHeldUntil > now ? now : seen.LastActivity;

    /// <summary>Whether a session gives way to another: its user was idle longer; where both were active just now, by their ids, so that all see the same.</summary>
    private static bool IsEarlier(SessionEntry other, SessionEntry newcomer, Moment now)
    {
        var (his, ours) = (LastActivity(other, now), LastActivity(newcomer, now));
        var apart = ours.Since(his);
        return other != newcomer
            && (apart.Duration() > s_sameMoment ? apart > TimeSpan.Zero : string.CompareOrdinal(other.Id.ToString(), newcomer.Id.ToString()) < 0);
    }
}
