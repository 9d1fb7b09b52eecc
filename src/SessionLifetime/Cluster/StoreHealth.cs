using SessionLifetime.Diagnostics;

namespace SessionLifetime.Cluster;

/// <summary>Whether the node has heard from the store, for the health check.</summary>
internal sealed class StoreHealth(NodeState node, StoreGate gate, SessionStoreOptions options) : IStoreHealth
{
    public string? Describe(out bool isReady)
    {
        isReady = true;
        if (node.IsLeaving)
        {
            isReady = false;
            return "The node stops; its sessions go on elsewhere.";
        }

        var since = node.Clock.SinceHeard;
        if (since == TimeSpan.MaxValue)
        {
            isReady = false;
            return "The store of the sessions has not been reached since the start.";
        }

        if (node.Clock.HasLease && !gate.IsAway)
        {
            return null;
        }

        isReady = since < options.StoreOutageTolerance;
        return isReady
            ? $"The store of the sessions has not answered for {since.TotalSeconds:0} s. Known sessions are served from memory for {(options.StoreOutageTolerance - since).TotalSeconds:0} s more; nothing is ended."
            : $"The store of the sessions has not answered for {since.TotalSeconds:0} s. Requests with a session are answered 503.";
    }
}
