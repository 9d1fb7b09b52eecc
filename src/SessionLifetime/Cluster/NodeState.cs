using SessionLifetime.Events;
using SessionLifetime.Time;

namespace SessionLifetime.Cluster;

/// <summary>What this node knows of itself and of the others. Read by everybody, written by the heartbeat.</summary>
/// <param name="createId">Makes the node's name, of one run of this process, when it is first asked for.</param>
/// <param name="clock">Its clock.</param>
/// <param name="pace">The durations.</param>
internal sealed class NodeState(Func<string> createId, NodeClock clock, ClusterPace pace)
{
    private readonly Lazy<string> _id = new(createId);
    private volatile IReadOnlyList<LiveNode> _nodes = [];
    private long _sessions;
    private long _lastCommit;

    /// <summary>Raised when something is due that waits for the watermarks: a flush and a heartbeat are due at once.</summary>
    public event Action? Urged;

    public string Id => _id.Value;

    /// <summary>Sends a heartbeat now, or joins the one under way. False where the store does not answer in time.</summary>
    public Func<Task<bool>> Beat { get; set; } = static () => Task.FromResult(false);

    public NodeClock Clock => clock;

    public ClusterPace Pace => pace;

    /// <summary>How many sessions live in the store, as of the last heartbeat.</summary>
    public long Sessions => Volatile.Read(ref _sessions);

    /// <summary>Every touch that this node accepted before that service time is in the store.</summary>
    public Moment Watermark { get; set; }

    /// <summary>The service time before which no rule is decided: other durations came into force, and other nodes may not know them yet.</summary>
    public Moment DecideAfter { get; set; }

    /// <summary>Whether the node stops: it takes no events any more.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>A name for the next commit.</summary>
    public string NextWriter() => $"{Id}:{Interlocked.Increment(ref _lastCommit)}";

    /// <summary>Whether a node is known to be live.</summary>
    public bool IsLive(string? node)
    {
        foreach (var one in _nodes)
        {
            if (string.Equals(one.Node, node, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether another node is live.</summary>
    public bool HasOthers => _nodes.Count > 1;

    /// <summary>Whether another live node has handlers for a kind of event.</summary>
    public bool OthersWant(SessionEventKind kind)
    {
        foreach (var one in _nodes)
        {
            if (NodeName.Wants(one.Node, kind) && !string.Equals(one.Node, Id, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>A heartbeat was answered.</summary>
    public void Heard(IReadOnlyList<LiveNode> nodes, long sessions)
    {
        _nodes = nodes;
        Volatile.Write(ref _sessions, sessions);
    }

    /// <summary>
    /// Whether every touch that could forbid a decision is in the store: the watermark of every live node, this one included, has reached a moment, and this
    /// node has heard from the store without a break for the guard.
    /// </summary>
    public bool HasAllUpTo(Moment moment)
    {
        if (!clock.IsSettled || !IsLive(Id))
        {
            return false;
        }

        foreach (var node in _nodes)
        {
            if (new Moment(node.Watermark.Ticks) < moment)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Asks for a flush and a heartbeat at once.</summary>
    public void Urge() => Urged?.Invoke();
}
