using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Entries;

namespace SessionLifetime.Cluster;

/// <summary>Which node holds what is live of a session: what is live here is to be told here, and disposed after that.</summary>
/// <param name="node">The node.</param>
/// <param name="markChanged">Has an entry written.</param>
/// <param name="logger">Warned once of live objects on two nodes.</param>
internal sealed class EntryHomes(NodeState node, Action<SessionEntry> markChanged, ILogger logger)
{
    private int _hasWarned;

    /// <summary>Whether a session's live objects are here, as far as there are any.</summary>
    public bool IsHere(SessionEntry entry) =>
        entry.Shared!.Home is not { } home || string.Equals(home, node.Id, StringComparison.Ordinal) || !node.IsLive(home);

    /// <summary>Something of this process belongs to a session.</summary>
    public void OnLiveObjects(SessionEntry entry)
    {
        var shared = entry.Shared!;
        if (!node.IsLive(shared.Home))
        {
            shared.WantsHome = true;
            markChanged(entry);
        }
        else if (!IsHere(entry) && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.LiveObjectsElsewhere(entry.Id.ToString());
        }
    }
}
