using System.Reflection;
using Microsoft.AspNetCore.SignalR;

namespace SessionLifetime.Realtime;

/// <summary>
/// Counts each call of a hub's method for the session: as activity of the user, unless the method or its hub is marked otherwise. A call
/// that comes when the session is over is refused. Puts each connection into its session's group.
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
        context.Context.Features.Get<SessionHubConnection>()?.Greeted();
        if (context.Context.GetTabSession() is { } session && !IsOfBlazor(context.Hub))
        {
            await context.Hub.Groups.AddToGroupAsync(context.Context.ConnectionId, HubSessionExtensions.GroupOf(session.Id), context.Context.ConnectionAborted);
        }

        await next(context);
    }

    /// <summary>Its messages are no calls of a user: what they tell, the circuit says.</summary>
    private static bool IsOfBlazor(Hub hub) => hub.GetType().Assembly == typeof(Microsoft.AspNetCore.Components.Server.Circuits.Circuit).Assembly;
}
