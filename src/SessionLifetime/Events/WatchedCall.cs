using SessionLifetime.Entries;

namespace SessionLifetime.Events;

/// <summary>A call that may run past its time limit, in the list of a <see cref="HandlerWatch"/>.</summary>
internal abstract class WatchedCall : LinkedNode<WatchedCall>
{
    /// <summary>The time provider's timestamp of its start.</summary>
    public long StartedAt { get; set; }

    /// <summary>The call is past its limit: goes on without it. False when it is over by itself.</summary>
    public abstract bool TryAbandon();

    /// <summary>Logs and counts that it was abandoned, and tells the handler.</summary>
    public abstract void ReportAbandoned();
}
