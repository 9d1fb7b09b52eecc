using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Cluster;

/// <summary>
/// Sessions that have ended and whose entries, with whatever is live in them, are still known here: those whose exit this node is to deliver wait for that,
/// what others hold is let go at once.
/// </summary>
/// <param name="node">The node.</param>
/// <param name="wantsExit">Whether anybody here hears of an exit.</param>
/// <param name="isExitWanted">Whether anybody does, here or on another node.</param>
internal sealed class EndedHere(NodeState node, Func<bool> wantsExit, Func<bool> isExitWanted)
{
    private const int MaxToldEarly = 4096;

    private readonly Lock _lock = new();
    private readonly Dictionary<PublicId, SessionEntry> _waiting = [];

    /// <summary>Sessions that were not known here when the news of their delivery came: those that are just being read; the latest ones.</summary>
    private readonly HashSet<PublicId> _toldEarly = [];
    private readonly Queue<PublicId> _toldEarlyInOrder = new();

    /// <summary>Raised when a session's live things are to be let go; for one session perhaps twice.</summary>
    public event Action<SessionEntry>? LetGo;

    /// <summary>Raised when events may wait for this node.</summary>
    public event Action? EventsWait;

    /// <summary>The entry of an ended session, with what is live in it.</summary>
    public SessionEntry? Find(PublicId id)
    {
        lock (_lock)
        {
            return _waiting.GetValueOrDefault(id);
        }
    }

    /// <summary>A session has ended.</summary>
    /// <param name="entry">Its entry.</param>
    /// <param name="isOurs">Whether this node has committed that.</param>
    public void Add(SessionEntry entry, bool isOurs)
    {
        bool wasTold;
        lock (_lock)
        {
            _waiting[entry.Id] = entry;
            wasTold = _toldEarly.Remove(entry.Id) || entry.Shared!.IsToldEarly;
        }

        var home = entry.Shared!.Home;
        var isDeliveredHere = wantsExit() && (string.Equals(home, node.Id, StringComparison.Ordinal) || (isOurs && !node.IsLive(home)));
        if (!isDeliveredHere)
        {
            LetGo?.Invoke(entry);
        }

        if (wasTold || !isExitWanted())
        {
            Told(entry.Id);
        }

        EventsWait?.Invoke();
    }

    /// <summary>The last event of a session is delivered, wherever.</summary>
    public void Told(PublicId id)
    {
        SessionEntry? entry;
        lock (_lock)
        {
            if (!_waiting.Remove(id, out entry) && _toldEarly.Add(id))
            {
                _toldEarlyInOrder.Enqueue(id);
                if (_toldEarlyInOrder.Count > MaxToldEarly)
                {
                    _toldEarly.Remove(_toldEarlyInOrder.Dequeue());
                }
            }
        }

        if (entry is not null)
        {
            LetGo?.Invoke(entry);
            entry.Shared!.MarkTold();
        }
    }

    /// <summary>A session that lives has an event for somebody.</summary>
    public void EventRaised() => EventsWait?.Invoke();
}
