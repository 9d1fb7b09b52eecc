using SessionLifetime;

namespace BlazorDesktop;

/// <summary>Writes down what happens to sessions.</summary>
public sealed class EventRecorder(EventList events) : SessionLifetimeHandler
{
    public override ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken) =>
        Add(context.Session, "SessionStarted");

    public override ValueTask OnSessionResumedAsync(SessionResumedContext context, CancellationToken cancellationToken) =>
        Add(context.Session, "SessionResumed");

    public override ValueTask OnSessionTimeoutAsync(SessionTimeoutContext context, CancellationToken cancellationToken) =>
        Add(context.Session, "SessionTimeout");

    public override ValueTask OnPageUnloadedAsync(PageUnloadedContext context, CancellationToken cancellationToken) =>
        Add(context.Session, "PageUnloaded");

    public override ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken) =>
        Add(context.Session, $"ApplicationExit: {context.Reason}");

    private ValueTask Add(TabSession session, string what)
    {
        events.Add(session.Id, what);
        return default;
    }
}
