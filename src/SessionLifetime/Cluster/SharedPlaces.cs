using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Cluster;

/// <summary>
/// The places of sessions among those of their browser and of their user, counted by what the store has: other nodes' sessions have places, too.
/// </summary>
/// <param name="reader">Reads the sessions of a browser or a user.</param>
/// <param name="limits">How many there may be.</param>
internal sealed class SharedPlaces(RecordReader reader, SessionDirectoryLimits limits)
{
    /// <summary>Whether there is a place, before it is taken. A session that is its browser's already has one there.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public ValueTask<PlacementResult> FindAsync(SessionEntry entry, SessionOwner owner) =>
        CountAsync(entry, owner, countsBrowser: entry.Owner.BrowserId != owner.BrowserId || entry.Shared!.Version == 0);

    /// <summary>Whether there are no more sessions than may be beside one that has its place already.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public ValueTask<PlacementResult> CountAgainAsync(SessionEntry entry, SessionOwner owner) => CountAsync(entry, owner, countsBrowser: true);

    private async ValueTask<PlacementResult> CountAsync(SessionEntry entry, SessionOwner owner, bool countsBrowser)
    {
        if (countsBrowser
            && limits.MaxSessionsPerBrowser is { } perBrowser
            && owner.BrowserId is { } browser
            && await OthersAsync(entry, new(Browser: browser), perBrowser) >= perBrowser)
        {
            return PlacementResult.BrowserFull;
        }

        return limits.MaxSessionsPerUser is { } perUser
            && owner.User is { } user
            && await OthersAsync(entry, new(User: user), perUser) >= perUser
                ? PlacementResult.UserFull
                : PlacementResult.Added;
    }

    private async ValueTask<int> OthersAsync(SessionEntry entry, SessionFilter filter, int most)
    {
        var count = 0;
        await foreach (var record in reader.ListAsync(filter, after: null, most + 1))
        {
            count += string.Equals(record.Id, entry.Id.ToString(), StringComparison.Ordinal) ? 0 : 1;
        }

        return count;
    }
}
