using System.Numerics;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;

namespace SessionLifetime.Events;

/// <summary>Brings events to their handlers: one at a time for one session, in order, without delaying anybody else.</summary>
internal sealed class SessionEventDispatcher
{
    private const int Kinds = 5;

    private readonly SessionEventKind _registered;

    /// <summary>The registered handlers of each kind, at the number of its bit.</summary>
    private readonly HandlerCall[][] _handlers = new HandlerCall[Kinds][];

    public SessionEventDispatcher(
        IEnumerable<SessionHandlerRegistration> registrations,
        SessionLifetimeEvents events,
        IServiceProvider services,
        HandlerWatch watch,
        HandlerThreads threads,
        SessionMetrics metrics,
        ILogger<SessionEventDispatcher> logger)
    {
        var all = registrations.ToArray();
        foreach (var registration in all)
        {
            _registered |= registration.Kinds;
        }

        for (var kind = 0; kind < Kinds; kind++)
        {
            _handlers[kind] = HandlersAmong(all, (SessionEventKind)(1 << kind));
        }

        Events = events;
        Services = services;
        Watch = watch;
        Threads = threads;
        Metrics = metrics;
        Logger = logger;
    }

    public SessionLifetimeEvents Events { get; }

    public IServiceProvider Services { get; }

    public HandlerWatch Watch { get; }

    public HandlerThreads Threads { get; }

    public SessionMetrics Metrics { get; }

    public ILogger Logger { get; }

    /// <summary>Whether anybody hears of such an event.</summary>
    public bool Wants(SessionEventKind kind) => (_registered & kind) != 0 || Events.Subscribers(kind) is not null;

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

    /// <summary>The handlers of one event, in registration order, C# subscribers last.</summary>
    public HandlerCall[] HandlersOf(SessionEventKind kind)
    {
        var registered = _handlers[BitOperations.TrailingZeroCount((int)kind)];
        return Events.Subscribers(kind) is { } subscribers
            ? [.. registered, .. subscribers.GetInvocationList().Select(static subscriber => new HandlerCall(Registration: null, subscriber))]
            : registered;
    }

    private static HandlerCall[] HandlersAmong(SessionHandlerRegistration[] registrations, SessionEventKind kind)
    {
        var handlers = new List<HandlerCall>();
        foreach (var registration in registrations)
        {
            if ((registration.Kinds & kind) != 0)
            {
                handlers.Add(new(registration, Subscriber: null));
            }
        }

        return [.. handlers];
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

        var made = new SessionEventQueue(this);
        return (Interlocked.CompareExchange(ref session.EventQueue, made, null) ?? made) as SessionEventQueue;
    }
}
