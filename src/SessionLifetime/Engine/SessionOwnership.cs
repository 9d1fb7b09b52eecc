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
internal sealed class SessionOwnership(SessionEngine engine, ILogger<SessionOwnership> logger)
{
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
        () => engine.Directory.AddAsync(entry, nextDue, cancellationToken));

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
            var outcome = await WithRoomAsync(entry, owner, () => engine.Directory.TryAssignOwnerAsync(entry, seen, next, due));
            if (outcome != PlacementResult.Moved)
            {
                return outcome;
            }
        }
    }

    private async ValueTask<PlacementResult> WithRoomAsync(SessionEntry entry, SessionOwner owner, Func<ValueTask<PlacementResult>> add)
    {
        while (true)
        {
            var outcome = await add();
            if (outcome is not (PlacementResult.BrowserFull or PlacementResult.UserFull))
            {
                return outcome;
            }

            // A place that was made may be taken by another newcomer, which has made one, too: this one is not refused after others were displaced.
            if (engine.Options.LimitPolicy == SessionLimitPolicy.RefuseNew
                || !await DisplaceAsync(entry, outcome == PlacementResult.UserFull ? new(User: owner.User) : new(Browser: owner.BrowserId)))
            {
                logger.AtLimit(outcome == PlacementResult.UserFull ? "MaxSessionsPerUser" : "MaxSessionsPerBrowser");
                return outcome;
            }
        }
    }

    /// <summary>Ends the session whose user was idle longest.</summary>
    private async ValueTask<bool> DisplaceAsync(SessionEntry newcomer, SessionFilter filter)
    {
        var now = engine.Directory.Now;
        var others = await engine.Directory.ListAsync(filter, after: null, int.MaxValue, CancellationToken.None);
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
}
