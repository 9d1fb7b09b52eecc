using System.Diagnostics.CodeAnalysis;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Cluster;

/// <summary>What is heard of commits and deliveries elsewhere: entries that are older than their records are not believed until they are read again.</summary>
/// <param name="directory">Where the entries are.</param>
/// <param name="reader">Reads records.</param>
/// <param name="follower">Makes entries follow them.</param>
/// <param name="ended">Sessions that have ended, and wait for the delivery of that.</param>
/// <param name="heard">The commits of the last while.</param>
/// <param name="ask">Brings the stamps of an entry to the store, and makes it follow its record.</param>
internal sealed class EntryNews(
    SessionDirectory directory, RecordReader reader, EntryFollower follower, EndedHere ended, HeardChanges heard, Func<SessionEntry, Task> ask)
{
    /// <summary>The first read may have been under way, the second may join one that was: the third has begun after what is known.</summary>
    private const int SureReads = 3;

    private readonly Lock _unreadLock = new();
    private readonly HashSet<SessionEntry> _unread = [];
    private readonly Queue<SessionEntry> _unreadInOrder = new();

    /// <summary>News of commits elsewhere: nothing is answered from older copies any more.</summary>
    public void Distrust(IReadOnlyList<CommittedChange> changes)
    {
        heard.Add(changes);
        foreach (var change in changes)
        {
            if (IsOlder(change, out var entry))
            {
                entry.Shared!.Hear(change.Version);
                entry.Involve();
                ReadLater(entry);
            }
        }
    }

    /// <summary>News of events that were delivered elsewhere.</summary>
    public void HeedTold(IReadOnlyList<CommittedChange> changes)
    {
        foreach (var change in changes)
        {
            if (change is { IsEnded: true, IsTold: true } && PublicId.TryParse(change.Id, out var id))
            {
                if (directory.TryGet(id, out var known))
                {
                    // Its end is not known here yet.
                    known.Shared!.IsToldEarly = true;
                }

                ended.Told(id);
            }
        }
    }

    /// <summary>A copy is not to be believed: the store lost something it had told.</summary>
    public void DistrustAll()
    {
        heard.Clear();
        foreach (var entry in directory.All())
        {
            entry.Shared!.ForgetHeard();
            entry.Shared.IsStale = true;
            entry.Involve();
            ReadLater(entry);
        }
    }

    /// <summary>Makes entries that are known to be older follow their records, in batches. What cannot be read stays for the next time.</summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public ValueTask ReadAsync()
    {
        return EntrySteps.WhenAllAsync(TakeUnread().ConvertAll(entry => (entry, ReadAsync(entry).AsTask())), ReadLater);

        // A touch tells what moved on: many in one call.
        async ValueTask ReadAsync(SessionEntry entry)
        {
            // A commit of this node is heard of before it is answered.
            await entry.Shared!.EnterTurnAsync();
            entry.Shared.LeaveTurn();
            if (entry is not { IsEnded: false, Shared.IsStale: true })
            {
                return;
            }

            await ask(entry);
            if (entry is { IsEnded: false, Shared.IsStale: true })
            {
                await ReloadAsync(entry);
            }
        }
    }

    /// <summary>
    /// Reads a session again. A read that was under way may be older than what is known; one that begins now is not, unless the store went back.
    /// </summary>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask ReloadAsync(SessionEntry entry)
    {
        var shared = entry.Shared!;
        for (var read = 1; ; read++)
        {
            var known = Math.Max(shared.Version, shared.HeardVersion);
            var record = await reader.LoadAsync(entry.Id);
            var isOlder = record?.Version < known;
            if (!isOlder || read == SureReads)
            {
                await follower.FollowInTurnAsync(entry, record, wentBack: isOlder);
                return;
            }
        }
    }

    /// <summary>The entry of a record that was read, no older than what was heard of meanwhile.</summary>
    /// <param name="record">The record of a living session.</param>
    /// <param name="secret">A secret that leads to it from now on; null for none.</param>
    /// <returns>Null where the session has ended, and where the record's id is none of ours.</returns>
    /// <exception cref="SessionStoreUnavailableException">The store does not answer.</exception>
    public async ValueTask<SessionEntry?> AdoptAsync(SessionRecord record, SessionId? secret)
    {
        var entry = follower.Adopt(record, secret);
        if (entry?.Shared is { } adopted && heard.VersionOf(record.Id) is var version && version > Math.Max(record.Version, adopted.Version))
        {
            // Read before a commit that was heard of meanwhile.
            adopted.Hear(version);
            entry.Involve();
            await ReloadAsync(entry);
        }

        if (entry?.Shared is { } shared && shared.Version < record.Version)
        {
            await follower.FollowInTurnAsync(entry, record);
        }

        return entry is { IsEnded: false } ? entry : null;
    }

    private bool IsOlder(CommittedChange change, [NotNullWhen(true)] out SessionEntry? entry)
    {
        entry = null;
        return PublicId.TryParse(change.Id, out var id) && directory.TryGet(id, out entry) && entry.Shared is { } shared && shared.Version < change.Version;
    }

    private void ReadLater(SessionEntry entry)
    {
        lock (_unreadLock)
        {
            if (_unread.Add(entry))
            {
                _unreadInOrder.Enqueue(entry);
            }
        }
    }

    private List<SessionEntry> TakeUnread()
    {
        lock (_unreadLock)
        {
            List<SessionEntry> taken = [.. _unreadInOrder];
            _unread.Clear();
            _unreadInOrder.Clear();
            return taken.FindAll(static entry => entry is { IsEnded: false, Shared.IsStale: true });
        }
    }
}
