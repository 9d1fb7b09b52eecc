using System.Collections.Concurrent;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Directories;

/// <summary>The sessions that have a key in common, such as their user.</summary>
/// <remarks>
/// Whose a session is stands in the session; a group only follows. A session takes its place before it is given to the owner, so that a
/// limit holds however many come at once; afterwards the group is <i>settled</i>: under its lock, the session is in it exactly if it
/// lives and belongs there. Every change of an owner settles the groups it touches after it was made, so the last
/// call sees the last state, and no session stays in a group it does not belong to, or is missing from one it does.
/// <para>Most groups hold one session: then it stands in the group's place itself, and every step is one of the dictionary's own.</para>
/// </remarks>
/// <param name="belongs">Whether a session with this owner is in the group of this key.</param>
internal sealed class SessionGroups<TKey>(Func<SessionOwner, TKey, bool> belongs)
    where TKey : notnull
{
    /// <summary>Under each key its one <see cref="SessionEntry"/>, or a <see cref="Group"/>.</summary>
    private readonly ConcurrentDictionary<TKey, object> _groups = new();

    /// <summary>How many groups there are; none is empty.</summary>
    public int Count => _groups.Count;

    /// <summary>Takes a place. False when <paramref name="max"/> others have one.</summary>
    public bool TryEnter(TKey key, SessionEntry entry, int max)
    {
        while (true)
        {
            var found = _groups.GetOrAdd(key, entry);
            if (found == entry)
            {
                return true;
            }

            if (found is Group group)
            {
                lock (group)
                {
                    if (group.IsGone)
                    {
                        continue;
                    }

                    return group.Members.Contains(entry) || (group.Members.Count < max && group.Members.Add(entry));
                }
            }

            if (max <= 1)
            {
                return false;
            }

            if (_groups.TryUpdate(key, new Group { Members = { (SessionEntry)found, entry } }, found))
            {
                return true;
            }
        }
    }

    /// <summary>Makes the group right about a session whose owner was, or was to be, changed.</summary>
    public void Settle(TKey key, SessionEntry entry)
    {
        while (true)
        {
            if (Belongs(key, entry))
            {
                TryEnter(key, entry, int.MaxValue);
                if (Belongs(key, entry))
                {
                    return;
                }
            }
            else
            {
                Leave(key, entry);
                if (!Belongs(key, entry))
                {
                    return;
                }
            }
        }
    }

    /// <summary>Takes a session out.</summary>
    public void Leave(TKey key, SessionEntry entry)
    {
        while (_groups.TryGetValue(key, out var found))
        {
            if (found is not Group group)
            {
                if (found != entry || _groups.TryRemove(new(key, found)))
                {
                    return;
                }

                continue;
            }

            lock (group)
            {
                if (group.IsGone)
                {
                    continue;
                }

                group.Members.Remove(entry);
                if (group.Members.Count == 0)
                {
                    group.IsGone = true;
                    _groups.TryRemove(new(key, group));
                }

                return;
            }
        }
    }

    public SessionEntry[] Members(TKey key)
    {
        if (!_groups.TryGetValue(key, out var found))
        {
            return [];
        }

        if (found is SessionEntry only)
        {
            return [only];
        }

        lock (found)
        {
            return [.. ((Group)found).Members];
        }
    }

    private bool Belongs(TKey key, SessionEntry entry) => !entry.IsEnded && belongs(entry.Owner, key);

    /// <summary>More than one session, or what is left of them.</summary>
    private sealed class Group
    {
        public HashSet<SessionEntry> Members { get; } = [];

        /// <summary>It was empty, and is no group any more: another one stands, or will stand, in its place.</summary>
        public bool IsGone { get; set; }
    }
}
