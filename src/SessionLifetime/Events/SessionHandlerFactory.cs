using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Events;

/// <summary>Makes registrations of handler classes and delegates.</summary>
internal static class SessionHandlerFactory
{
    private static readonly (SessionEventKind Kind, string Method)[] s_methods =
    [
        (SessionEventKind.SessionStarted, nameof(SessionLifetimeHandler.OnSessionStartedAsync)),
        (SessionEventKind.SessionResumed, nameof(SessionLifetimeHandler.OnSessionResumedAsync)),
        (SessionEventKind.SessionTimeout, nameof(SessionLifetimeHandler.OnSessionTimeoutAsync)),
        (SessionEventKind.PageUnloaded, nameof(SessionLifetimeHandler.OnPageUnloadedAsync)),
        (SessionEventKind.ApplicationExit, nameof(SessionLifetimeHandler.OnApplicationExitAsync)),
        (SessionEventKind.SessionLeaving, nameof(SessionLifetimeHandler.OnSessionLeavingAsync)),
    ];

    public static SessionHandlerRegistration FromClass<
        [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicMethods)] THandler>()
        where THandler : SessionLifetimeHandler
    {
        // A class handles what it overrides: an event that no class overrides is never raised.
        var kinds = SessionEventKind.None;
        foreach (var (kind, method) in s_methods)
        {
            var isOverridden = typeof(THandler)
                .GetMethods(BindingFlags.Public | BindingFlags.Instance)
                .Any(candidate => string.Equals(candidate.Name, method, StringComparison.Ordinal)
                    && candidate.GetBaseDefinition().DeclaringType == typeof(SessionLifetimeHandler)
                    && candidate.DeclaringType != typeof(SessionLifetimeHandler));
            kinds |= isOverridden ? kind : SessionEventKind.None;
        }

        return new(kinds, typeof(THandler).Name, TakesToken: true, InvokeAsync);

        static async ValueTask InvokeAsync(HandlerSurroundings surroundings, SessionEventContext context, CancellationToken cancellationToken)
        {
            await using var scope = surroundings.Services.CreateAsyncScope();
            var accessor = TabSessionAccessor.Enter(scope.ServiceProvider, context.Session);
            try
            {
                await CallAsync(scope.ServiceProvider.GetRequiredService<THandler>(), context, cancellationToken);
            }
            finally
            {
                accessor?.Leave();
            }
        }

        static ValueTask CallAsync(THandler handler, SessionEventContext context, CancellationToken cancellationToken) => context switch
        {
            SessionStartedContext started => handler.OnSessionStartedAsync(started, cancellationToken),
            SessionResumedContext resumed => handler.OnSessionResumedAsync(resumed, cancellationToken),
            SessionTimeoutContext timeout => handler.OnSessionTimeoutAsync(timeout, cancellationToken),
            PageUnloadedContext unloaded => handler.OnPageUnloadedAsync(unloaded, cancellationToken),
            ApplicationExitContext exit => handler.OnApplicationExitAsync(exit, cancellationToken),
            SessionLeavingContext leaving => handler.OnSessionLeavingAsync(leaving, cancellationToken),
            _ => default,
        };
    }

    public static SessionHandlerRegistration FromDelegate<TContext>(SessionEventKind kind, Action<TContext> handler)
        where TContext : SessionEventContext
    {
        ArgumentNullException.ThrowIfNull(handler);

        // An async lambda handed over as an Action is async void: it is waited for all the same.
        return new(kind, "On" + kind, TakesToken: false, (surroundings, context, _) => AsyncVoidContext.Run(handler, (TContext)context, surroundings.Scheduler));
    }

    public static SessionHandlerRegistration FromDelegate<TContext>(SessionEventKind kind, Func<TContext, CancellationToken, ValueTask> handler)
        where TContext : SessionEventContext
    {
        ArgumentNullException.ThrowIfNull(handler);
        return new(kind, "On" + kind, TakesToken: true, (_, context, cancellationToken) => handler((TContext)context, cancellationToken));
    }
}
