using System.Reflection;
using Microsoft.AspNetCore.SignalR;

namespace SessionLifetime.Realtime;

/// <summary>
/// Counts each call of a hub method for the session: as activity of the user, unless <see cref="SessionSignalAttribute"/> on the method or its hub says
/// otherwise. A call to a session that has ended is refused. Adds each connection to its session's group.
/// </summary>
internal sealed class SessionHubFilter(MessageCounter counter) : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        if (invocationContext.Context.GetTabSession() is { } session && !IsOfBlazor(invocationContext.Hub))
        {
            var signal = (invocationContext.HubMethod.GetCustomAttribute<SessionSignalAttribute>()
                ?? invocationContext.Hub.GetType().GetCustomAttribute<SessionSignalAttribute>())?.Signal ?? SessionSignal.Activity;
            if (!await counter.CountAsync(session.Entry, signal, "hub"))
            {
                throw new HubException($"The session has ended: {session.EndReason}.");
            }
        }

        return await next(invocationContext);
    }

    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        context.Context.Features.Get<SessionHubConnection>()?.OnHandshakeCompleted();
        if (context.Context.GetTabSession() is { } session && !IsOfBlazor(context.Hub))
        {
            await context.Hub.Groups.AddToGroupAsync(context.Context.ConnectionId, HubSessionExtensions.GroupOf(session.Id), context.Context.ConnectionAborted);
        }

        await next(context);
    }

    /// <summary>Whether it is the hub of Blazor's circuits, whose messages <see cref="SessionCircuitHandler"/> counts.</summary>
    private static bool IsOfBlazor(Hub hub) => hub.GetType().Assembly == typeof(Microsoft.AspNetCore.Components.Server.Circuits.Circuit).Assembly;
}
