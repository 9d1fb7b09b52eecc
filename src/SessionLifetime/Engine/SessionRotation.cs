using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Engine;

/// <summary>
/// Gives sessions new secret ids. A new one waits until it is first used; from then on the former one works for an overlap, so that
/// requests on their way are not lost.
/// </summary>
internal sealed class SessionRotation(SessionDirectory directory, TimeSpan overlap)
{
    /// <summary>Makes a new secret for a living session; <see cref="SessionEntry.NewerThan"/> tells it.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="evenIfPending">Whether also where one waits for its first use already.</param>
    /// <remarks>
    /// Where nobody here knows a secret of the session (another node has served it until now), there is nothing to replace yet: the request that shows one is
    /// the one to ask.
    /// </remarks>
    public async ValueTask RotateAsync(SessionEntry entry, bool evenIfPending = false)
    {
        for (var isDone = false; !isDone && !entry.IsEnded && (entry.Rotated is not null || entry.Secret != default);)
        {
            var ids = entry.Rotated;
            if (ids?.Pending is not null && !evenIfPending)
            {
                break;
            }

            // Found by it before anybody can know it.
            var next = SessionId.Create();
            directory.AddSecret(entry, next);
            IReadOnlyList<SessionId> forgotten = [];
            isDone = entry.TryRotate(ids, ids?.With(next, out forgotten) ?? RotatedIds.First(entry.Secret, next));

            // An end meanwhile has removed the secrets it knew of.
            if (!isDone || entry.IsEnded)
            {
                directory.RemoveSecrets([next]);
            }

            directory.RemoveSecrets(isDone ? forgotten : []);
        }

        try
        {
            await directory.SaveAsync(entry);
        }
        catch (SessionStoreUnavailableException)
        {
            // It is told to nobody before it is written.
            directory.MarkChanged(entry);
            throw;
        }
    }

    /// <summary>A request with this secret was admitted: the first use of a new one lets the former run out.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="secret">What the request sent.</param>
    public void OnUsed(SessionEntry entry, SessionId secret)
    {
        while (entry.Rotated is { } ids && ids.Pending == secret)
        {
            var now = directory.Now;
            if (entry.TryRotate(ids, ids.Promote(now, now + overlap, out var forgotten)))
            {
                directory.RemoveSecrets(forgotten);
                directory.MarkChanged(entry);
            }
        }
    }
}
