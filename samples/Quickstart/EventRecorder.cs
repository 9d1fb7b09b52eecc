using SessionLifetime;

namespace Quickstart;

/// <summary>Writes every event of every session to the list, and handles timeouts when the app is started with Quickstart:HandleTimeout.</summary>
public sealed class EventRecorder(EventList events, IConfiguration configuration) : SessionLifetimeHandler
{
    public override ValueTask OnSessionStartedAsync(SessionStartedContext context, CancellationToken cancellationToken)
    {
        events.Add("SessionStarted", context.Session);
        return default;
    }

    public override ValueTask OnSessionResumedAsync(SessionResumedContext context, CancellationToken cancellationToken)
    {
        events.Add("SessionResumed", context.Session);
        return default;
    }

    public override ValueTask OnSessionTimeoutAsync(SessionTimeoutContext context, CancellationToken cancellationToken)
    {
        context.Handled = configuration.GetValue<bool>("Quickstart:HandleTimeout");
        events.Add("SessionTimeout", context.Session, occurrence: context.Occurrence, handled: context.Handled);
        return default;
    }

    public override ValueTask OnPageUnloadedAsync(PageUnloadedContext context, CancellationToken cancellationToken)
    {
        events.Add("PageUnloaded", context.Session);
        return default;
    }

    public override ValueTask OnApplicationExitAsync(ApplicationExitContext context, CancellationToken cancellationToken)
    {
        events.Add("ApplicationExit", context.Session, reason: context.Reason.ToString());
        return default;
    }
}
