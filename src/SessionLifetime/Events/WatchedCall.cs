using SessionLifetime.Entries;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Events;

/// <summary>A call of the app's code that may run past its time limit, in a list of a <see cref="HandlerWatch"/>.</summary>
internal abstract class WatchedCall : LinkedNode<WatchedCall>
{
    private HandlerThread? _thread;
    private long _work;

    /// <summary>When it started, on the clock of its <see cref="HandlerWatch"/>; while it waits for its place, when the wait began.</summary>
    public Moment StartedAt { get; set; }

    /// <summary>The time provider's timestamp of the same moment, which is finer.</summary>
    public long Timestamp { get; set; }

    /// <summary>Whether a browser's answer waits for it: then it starts before those for which none waits.</summary>
    public virtual bool IsUrgent => false;

    /// <summary>The call is past its limit: goes on without it. False when it is over by itself.</summary>
    public abstract bool TryAbandon();

    /// <summary>Logs and counts that it was abandoned, and tells the handler.</summary>
    public abstract void ReportAbandoned();

    /// <summary>Starts the call, which has waited for its place.</summary>
    public abstract void Resume();

    /// <summary>The call has waited for its place as long as it might run: nobody is to wait for it any more. It starts later.</summary>
    public virtual void OnLate()
    {
    }

    /// <summary>The call starts on this thread.</summary>
    protected void EnterThread() => (_thread, _work) = (HandlerThread.Current, HandlerThread.Current?.Work ?? 0);

    /// <summary>The call was abandoned: if it still blocks the thread it started on, that one counts no more.</summary>
    protected void LeaveThread() => _thread?.TryRelease(_work);
}
