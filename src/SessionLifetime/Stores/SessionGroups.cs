using System.Collections.Concurrent;

namespace SessionLifetime;

/// <summary>The sessions that have something in common: the browser they are in, or the user they belong to.</summary>
/// <remarks>
/// Whose a session is stands in the session; a group only follows. A session takes its place before it is given to the owner, so that a
/// limit holds however many come at once; afterwards the group is <i>settled</i>: under its lock, the session is in it exactly if it
/// lives and belongs there. Every change of an owner settles the groups it touches after it was made, so whoever settles last sees the
/// last state, and none is left in a group it does not belong to, or missing from one it does.
/// </remarks>
/// <param name="belongs">Whether a session with this owner is in the group of this key.</param>
internal sealed class SessionGroups<TKey>(Func<SessionOwner?, TKey, bool> belongs)
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, Group> _groups = new();

    /// <summary>How many groups there are; none is empty.</summary>
    public int Count => _groups.Count;

    /// <summary>Takes a place. False when <paramref name="max"/> others have one.</summary>
    public bool TryEnter(TKey key, SessionCell cell, int max)
    {
        while (true)
        {
            var group = _groups.GetOrAdd(key, static _ => new());
            lock (group)
            {
                if (group.IsGone)
                {
                    continue;
                }

                if (group.Contains(cell))
                {
                    return true;
                }

                if (group.Count >= max)
                {
                    return false;
                }

                group.Add(cell);
                return true;
            }
        }
    }

    /// <summary>Makes the group right about a session whose owner was, or was to be, changed.</summary>
    public void Settle(TKey key, SessionCell cell)
    {
        while (true)
        {
            var isMember = Belongs(key, cell);
            var group = isMember ? _groups.GetOrAdd(key, static _ => new()) : _groups.GetValueOrDefault(key);
            if (group is null)
            {
                return;
            }

            lock (group)
            {
                if (group.IsGone)
                {
                    continue;
                }

                if (Belongs(key, cell))
                {
                    group.Add(cell);
                }
                else
                {
                    group.Remove(cell);
                }

                Close(key, group);
                return;
            }
        }
    }

    /// <summary>Gives back a place of a session that was never added.</summary>
    public void Leave(TKey key, SessionCell cell)
    {
        if (!_groups.TryGetValue(key, out var group))
        {
            return;
        }

        lock (group)
        {
            group.Remove(cell);
            Close(key, group);
        }
    }

    public SessionCell[] Members(TKey key)
    {
        if (!_groups.TryGetValue(key, out var group))
        {
            return [];
        }

        lock (group)
        {
            return group.ToArray();
        }
    }

    private void Close(TKey key, Group group)
    {
        if (group.Count == 0 && !group.IsGone)
        {
            group.IsGone = true;
            _groups.TryRemove(key, out _);
        }
    }

    private bool Belongs(TKey key, SessionCell cell) => !cell.IsEnded && belongs(cell.Owner, key);

    /// <summary>Most groups hold one session, and cost little more than it.</summary>
    private sealed class Group
    {
        private SessionCell? _only;
        private HashSet<SessionCell>? _many;

        /// <summary>It was empty, and is no group any more: another one stands, or will stand, in its place.</summary>
        public bool IsGone { get; set; }

        public int Count => _many?.Count ?? (_only is null ? 0 : 1);

        public bool Contains(SessionCell cell) => _many?.Contains(cell) ?? _only == cell;

        public void Add(SessionCell cell)
        {
            if (_many is null && (_only is null || _only == cell))
            {
                _only = cell;
                return;
            }

            _many ??= [_only!];
            _many.Add(cell);
            _only = null;
        }

        public void Remove(SessionCell cell)
        {
            _many?.Remove(cell);
            if (_only == cell)
            {
                _only = null;
            }
        }

        public SessionCell[] ToArray() => _many is { } many ? [.. many] : _only is { } one ? [one] : [];
    }
}
