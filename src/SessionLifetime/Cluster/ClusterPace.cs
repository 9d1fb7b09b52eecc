namespace SessionLifetime.Cluster;

/// <summary>The durations by which nodes that share a store keep step. All follow from one.</summary>
/// <param name="flush">F: how often a node writes its touches and sends a heartbeat.</param>
/// <param name="guard">G in F; tests try what happens without it.</param>
internal sealed class ClusterPace(TimeSpan flush, double guard = 5)
{
    /// <summary>F.</summary>
    public TimeSpan Flush => flush;

    /// <summary>G: nothing is answered from memory that close to a deadline.</summary>
    public TimeSpan Guard { get; } = flush * guard;

    /// <summary>For how long after a heartbeat a node may answer from memory, and service time goes on.</summary>
    public TimeSpan Lease { get; } = flush * 2.5;

    /// <summary>L: for how long a node counts as live after its last heartbeat.</summary>
    public TimeSpan LiveFor { get; } = flush * 15;

    /// <summary>Q: stamps in the store that are older than this are written with the next flush.</summary>
    public TimeSpan Precision { get; } = flush * 10;

    /// <summary>The longest pause between two tries to reach a store that is away.</summary>
    public TimeSpan LongestPause { get; } = flush * 3;
}
