using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>Finds sessions in the store that are not known here.</summary>
/// <param name="reader">Reads records.</param>
/// <param name="follower">Tells entries their secrets.</param>
/// <param name="news">Makes entries of records.</param>
/// <param name="clock">The clock that rules.</param>
internal sealed class StoredSessions(RecordReader reader, EntryFollower follower, EntryNews news, SessionClock clock)
{
    /// <summary>Finds a living session by a secret of it.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<SessionEntry?> FindAsync(SessionId secret)
    {
        var hash = SecretHash.Of(secret);
        if (await reader.LoadAsync(secret) is not { EndReason: null } record)
        {
            return null;
        }

        // One that runs out is asked for each time: only the record knows until when it works.
        var own = SessionRecords.SecretsOf(SessionRecords.DetailsOf(record)).Find(one => string.Equals(one.Hash, hash, StringComparison.Ordinal));
        if (own is null || own.Until <= clock.Now || await news.AdoptAsync(record, own.Until.IsNever ? secret : null) is not { } entry)
        {
            return null;
        }

        follower.Show(entry, secret);
        return entry;
    }

    /// <summary>Finds a living session by its public id.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<SessionEntry?> FindAsync(PublicId id) =>
        await reader.LoadAsync(id) is { EndReason: null } record ? await news.AdoptAsync(record, secret: null) : null;

    /// <summary>What the store remembers of an ended session; null when nothing is.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<EndedSession?> FindEndedAsync(SessionId secret) =>
        await reader.LoadAsync(secret) is { EndReason: { } reason, EndedAt: { } at } record && PublicId.TryParse(record.Id, out var id)
            ? new EndedSession(secret, id, reason, SessionRecords.At(at))
            : null;

    /// <summary>The living sessions a filter means in the order of their public ids, from the first above <paramref name="after"/>.</summary>
    /// <returns>Fewer than asked for where there are no more: what has ended since it was read is made up for.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<IReadOnlyList<SessionEntry>> ListAsync(SessionFilter filter, PublicId? after, int count, CancellationToken cancellationToken)
    {
        var entries = new List<SessionEntry>();
        while (true)
        {
            var (most, read) = (count - entries.Count, 0);
            await foreach (var record in reader.ListAsync(filter, after, most).WithCancellation(cancellationToken))
            {
                read++;
                after = PublicId.TryParse(record.Id, out var last) ? last : after;
                if (await news.AdoptAsync(record, secret: null) is { } entry)
                {
                    entries.Add(entry);
                }
            }

            if (read < most || entries.Count == count)
            {
                return entries;
            }
        }
    }
}
