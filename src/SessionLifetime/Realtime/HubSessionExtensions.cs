using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Realtime;

namespace SessionLifetime;

/// <summary>Sessions of hubs, and hubs of sessions.</summary>
public static class HubSessionExtensions
{
    /// <summary>The session a hub's connection belongs to; null where the client came without one, or <c>AddSessionLifetime()</c> was not called for hubs.</summary>
    /// <param name="context">The hub's context.</param>
    public static TabSession? GetTabSession(this HubCallerContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<HubInSession>()?.Session;
    }

    /// <summary>All connections of one session: <c>hub.Clients.TabSession(session.Id).SendAsync(...)</c>.</summary>
    /// <typeparam name="T">What the clients can be told.</typeparam>
    /// <param name="clients">The clients of a hub, or of an <c>IHubContext</c>.</param>
    /// <param name="sessionId">The session's public <see cref="TabSession.Id"/>.</param>
    public static T TabSession<T>(this IHubClients<T> clients, string sessionId)
    {
        ArgumentNullException.ThrowIfNull(clients);
        return clients.Group(GroupOf(sessionId));
    }

    /// <summary>The name of the group that each connection of a session is in. It holds the public id only, and may be logged.</summary>
    /// <param name="sessionId">The session's public <see cref="TabSession.Id"/>.</param>
    public static string GroupOf(string sessionId)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        return "session-lifetime:" + sessionId;
    }
}
