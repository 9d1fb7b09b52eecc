using System.Reflection;
using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Policy;

namespace SessionLifetime.Realtime;

/// <summary>
/// Counts each call of a hub's method for the session: as activity of the user, unless the method or its hub is marked otherwise. A call
/// that comes when the session is over is refused. Puts each connection into its session's group.
/// </summary>
internal sealed class SessionHubFilter(SessionEngine engine, SessionMetrics metrics) : IHubFilter
{
    public async ValueTask<object?> InvokeMethodAsync(HubInvocationContext invocationContext, Func<HubInvocationContext, ValueTask<object?>> next)
    {
        if (invocationContext.Context.GetTabSession() is { } session && !IsOfBlazor(invocationContext.Hub))
        {
            var signal = (invocationContext.HubMethod.GetCustomAttribute<SessionSignalAttribute>()
                ?? invocationContext.Hub.GetType().GetCustomAttribute<SessionSignalAttribute>())?.Signal ?? SessionSignal.Activity;
            if (!await CountAsync(session.Entry, signal))
            {
                throw new HubException($"The session has ended: {session.EndReason}.");
            }
        }

        return await next(invocationContext);
    }

    public async Task OnConnectedAsync(HubLifetimeContext context, Func<HubLifetimeContext, Task> next)
    {
        context.Context.Features.Get<HubInSession>()?.Greeted();
        if (context.Context.GetTabSession() is { } session && !IsOfBlazor(context.Hub))
        {
            await context.Hub.Groups.AddToGroupAsync(context.Context.ConnectionId, HubSessionExtensions.GroupOf(session.Id), context.Context.ConnectionAborted);
        }

        await next(context);
    }

    /// <summary>Its messages are no calls of a user: what they tell, the circuit says.</summary>
    private static bool IsOfBlazor(Hub hub) => hub.GetType().Assembly == typeof(Microsoft.AspNetCore.Components.Server.Circuits.Circuit).Assembly;

    private async ValueTask<bool> CountAsync(SessionEntry entry, SessionSignal signal)
    {
        if (await engine.ApplyDueRulesAndWaitInDoubtAsync(entry) == DueRulesResult.Ended)
        {
            return false;
        }

        if (signal == SessionSignal.None)
        {
            return true;
        }

        metrics.SignalCounted("hub");
        return await engine.TryCountAsync(entry, signal == SessionSignal.Activity ? SignalReport.Activity : SignalReport.Alive);
    }
}
