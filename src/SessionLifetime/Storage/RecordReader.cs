using SessionLifetime.Directories;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Storage;

/// <summary>Reads records by what a directory knows of sessions.</summary>
internal sealed class RecordReader(ISessionBackingStore store)
{
    private const int PageSize = 256;

    /// <summary>Reads a living session by a secret that works now.</summary>
    /// <returns>The record, and whether the secret works until it is replaced; no record when there is none.</returns>
    public async ValueTask<(SessionRecord? Record, bool IsLasting)> FindAsync(SessionId secret, Moment now, CancellationToken cancellationToken)
    {
        var hash = SecretHash.Of(secret);
        return await store.LoadAsync(SessionKey.OfSecret(hash), cancellationToken) is { EndReason: null } record
            && record.Secrets.FirstOrDefault(one => string.Equals(one.Hash, hash, StringComparison.Ordinal)) is { } own
            && !(own.Until <= SessionRecords.Span(now))
                ? (record, own.Until is null)
                : default;
    }

    /// <summary>Reads a living session by its public id.</summary>
    public async ValueTask<SessionRecord?> FindAsync(PublicId id, CancellationToken cancellationToken) =>
        await store.LoadAsync(SessionKey.OfId(id.ToString()), cancellationToken) is { EndReason: null } record ? record : null;

    /// <summary>Reads what is remembered of an ended session.</summary>
    public async ValueTask<EndedSession?> FindEndedAsync(SessionId secret, CancellationToken cancellationToken) =>
        await store.LoadAsync(SessionKey.OfSecret(SecretHash.Of(secret)), cancellationToken) is { EndReason: { } reason, EndedAt: { } at } record
        && PublicId.TryParse(record.Id, out var id)
            ? new EndedSession(secret, id, reason, SessionRecords.At(at))
            : null;

    /// <summary>Reads the living sessions that a filter means.</summary>
    public IAsyncEnumerable<SessionRecord> ListAsync(SessionFilter filter, CancellationToken cancellationToken) =>
        store.ListAsync(new(filter.User, filter.Browser?.ToString()), cancellationToken);

    /// <summary>Reads the living sessions that may be due.</summary>
    public async IAsyncEnumerable<SessionRecord> DueAsync(Moment now)
    {
        string? after = null;
        IReadOnlyList<SessionRecord> page;
        do
        {
            page = await store.TakeDueAsync(new(SessionRecords.Span(now), PageSize, after), CancellationToken.None);
            foreach (var record in page)
            {
                after = record.Id;
                yield return record;
            }
        }
        while (page.Count == PageSize);
    }
}
