namespace SessionLifetime.Events;

/// <summary>Brings events to their handlers: one at a time for one session, in order, without delaying anybody else.</summary>
internal sealed class SessionEventDispatcher(HandlerRunner runner)
{
    /// <summary>Whether anybody hears of such an event.</summary>
    public bool Wants(SessionEventKind kind) => runner.Wants(kind);

    /// <summary>
    /// Hands an event over. Its handlers run later, on threads of their own, after those of the session's events that wait already. With
    /// nobody to hear it, or after the session's exit, it is complete at once.
    /// </summary>
    /// <returns>The event to wait for: this one, or the waiting one that stands for it.</returns>
    public SessionEvent Raise(SessionEvent raised)
    {
        if (QueueOf(raised)?.Add(raised, isHeld: false) is { } queued)
        {
            return queued;
        }

        raised.Complete();
        return raised;
    }

    /// <summary>Puts an event in its place before what it tells of is committed.</summary>
    public HeldEvent Hold(SessionEvent raised)
    {
        var queue = QueueOf(raised);
        queue?.Add(raised, isHeld: true);
        return new HeldEvent(raised, queue);
    }

    private SessionEventQueue? QueueOf(SessionEvent raised)
    {
        var session = raised.Context.Session;
        if (Volatile.Read(ref session.EventQueue) is { } queue)
        {
            return queue as SessionEventQueue;
        }

        if (!Wants(raised.Kind))
        {
            return null;
        }

        var made = new SessionEventQueue(runner);
        return (Interlocked.CompareExchange(ref session.EventQueue, made, null) ?? made) as SessionEventQueue;
    }
}
