using SessionLifetime.Entries;
using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>The secrets of a session between what a node knows (those that requests have shown) and what the record says (hashes of all).</summary>
internal static class EntrySecrets
{
    /// <summary>More than this many only an app has that rotates with every request.</summary>
    private const int Most = 10;

    /// <summary>The secrets a record shall have: those this node knows, the current one first, and those of which only the hash is known.</summary>
    public static List<StoredSecret> ToStore(SessionEntry entry, Moment now)
    {
        var stored = entry.Shared!.Secrets;
        var secrets = new List<StoredSecret>();
        if (entry.Rotated is { } ids)
        {
            foreach (var (id, until) in ids.Working(now))
            {
                secrets.Add(new(SecretHash.Of(id), until, id == ids.Newest ? null : NewerSecret.Seal(id, ids.Newest), ids.Pending == id));
            }
        }
        else if (entry.Secret != default && stored.Count == 0)
        {
            secrets.Add(new(SecretHash.Of(entry.Secret), Moment.Never, Newer: null, IsPending: false));
        }

        foreach (var known in stored)
        {
            if (secrets.Count < Most && known.Until > now && !secrets.Exists(one => string.Equals(one.Hash, known.Hash, StringComparison.Ordinal)))
            {
                secrets.Add(known);
            }
        }

        return secrets;
    }

    /// <summary>What the record says of the secrets that this node knows. Gives those it did not know before.</summary>
    /// <param name="entry">The session.</param>
    /// <param name="shown">A secret that a request shows now; null for none.</param>
    public static IReadOnlyList<SessionId> Follow(SessionEntry entry, SessionId? shown)
    {
        var stored = entry.Shared!.Secrets;
        if (stored.Count <= 1 && entry.Rotated is null)
        {
            return [];
        }

        if (entry.Rotated?.Pending is { } made && SecretHash.Of(made) is var hash && !stored.Any(one => string.Equals(one.Hash, hash, StringComparison.Ordinal)))
        {
            // Made here, and about to be written: the record is older.
            return [];
        }

        var known = new Dictionary<string, SessionId>(StringComparer.Ordinal);
        void Know(SessionId secret) => known.TryAdd(SecretHash.Of(secret), secret);
        if (entry.Secret != default)
        {
            Know(entry.Secret);
        }

        var seen = entry.Rotated;
        foreach (var id in seen?.All ?? [])
        {
            Know(id);
        }

        if (shown is { } secret)
        {
            Know(secret);
        }

        var before = known.Count;
        foreach (var one in stored)
        {
            if (one.Newer is { } sealedBy && known.TryGetValue(one.Hash, out var former) && NewerSecret.Open(former, sealedBy) is { } newer)
            {
                Know(newer);
            }
        }

        var working = stored.Where(one => known.ContainsKey(one.Hash)).ToList();
        if (working.Count == 0)
        {
            return [];
        }

        var pending = working.Find(static one => one.IsPending);
        var current = working.Find(static one => !one.IsPending && one.Until.IsNever) ?? pending ?? working[0];
        var next = RotatedIds.Restore(
            known[current.Hash],
            pending is null || pending == current ? null : known[pending.Hash],
            [.. working.Where(one => one != current && one != pending).Select(one => (known[one.Hash], one.Until))]);
        entry.TryRotate(seen, next);
        return [.. known.Values.Skip(before)];
    }
}
