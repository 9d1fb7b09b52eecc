using System.Numerics;
using Microsoft.Extensions.Logging;
using SessionLifetime.Diagnostics;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Events;

/// <summary>All that calls of handlers need: the handlers of each event, the services, the time limit, the scheduler.</summary>
internal sealed class HandlerRunner
{
    private static readonly int s_kinds = Enum.GetValues<SessionEventKind>().Length - 1;

    private readonly SessionEventKind _registered;

    /// <summary>The registered handlers of each kind, at the number of its bit.</summary>
    private readonly HandlerCall[][] _handlers = new HandlerCall[s_kinds][];

    public HandlerRunner(
        IEnumerable<SessionHandlerRegistration> registrations,
        SessionLifetimeEvents events,
        IServiceProvider services,
        HandlerWatch watch,
        IWorkScheduler scheduler,
        SessionMetrics metrics,
        ILogger<HandlerRunner> logger)
    {
        var all = registrations.ToArray();
        foreach (var registration in all)
        {
            _registered |= registration.Kinds;
        }

        for (var kind = 0; kind < s_kinds; kind++)
        {
            _handlers[kind] = HandlersAmong(all, (SessionEventKind)(1 << kind));
        }

        Surroundings = new(services, events, scheduler);
        Watch = watch;
        Metrics = metrics;
        Logger = logger;
    }

    public HandlerSurroundings Surroundings { get; }

    public IWorkScheduler Scheduler => Surroundings.Scheduler;

    public HandlerWatch Watch { get; }

    public SessionMetrics Metrics { get; }

    public ILogger Logger { get; }

    /// <summary>Whether anybody handles such an event.</summary>
    public bool Wants(SessionEventKind kind) => (_registered & kind) != 0 || Surroundings.Events.Subscribers(kind) is not null;

    /// <summary>The handlers of one event, in registration order, C# subscribers last.</summary>
    public HandlerCall[] HandlersOf(SessionEventKind kind)
    {
        var registered = _handlers[BitOperations.TrailingZeroCount((int)kind)];
        return Surroundings.Events.Subscribers(kind) is { } subscribers
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
}
