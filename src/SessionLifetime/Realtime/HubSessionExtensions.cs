using Microsoft.AspNetCore.SignalR;
using SessionLifetime.Realtime;

namespace SessionLifetime;

/// <summary>Sessions of hubs, and hubs of sessions.</summary>
public static class HubSessionExtensions
{
    /// <summary>The session a hub's connection belongs to.</summary>
    /// <param name="context">The hub's context.</param>
    /// <returns>The session; null where the client came without one, or <c>AddSessionLifetime()</c> was not called for hubs.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="context"/> is null.</exception>
    public static TabSession? GetTabSession(this HubCallerContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<SessionHubConnection>()?.Session;
    }

    /// <summary>All connections of one session: <c>hub.Clients.TabSession(session.Id).SendAsync(...)</c>.</summary>
    /// <typeparam name="T">The proxy that calls clients.</typeparam>
    /// <param name="clients">The clients of a hub, or of an <c>IHubContext</c>.</param>
    /// <param name="sessionId">The session's public <see cref="TabSession.Id"/>.</param>
    /// <returns>What calls all of them; it calls none where the session has none.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="clients"/> is null.</exception>
    /// <exception cref="ArgumentException"><paramref name="sessionId"/> is null or empty.</exception>
    public static T TabSession<T>(this IHubClients<T> clients, string sessionId)
    {
        ArgumentNullException.ThrowIfNull(clients);
        return clients.Group(GroupOf(sessionId));
    }

    /// <summary>The name of the group that each connection of a session is in. It holds the public id only, and may be logged.</summary>
    /// <param name="sessionId">The session's public <see cref="TabSession.Id"/>.</param>
    /// <returns>A group name for <c>Clients.Group</c>.</returns>
    /// <exception cref="ArgumentException"><paramref name="sessionId"/> is null or empty.</exception>
    public static string GroupOf(string sessionId)
    {
        ArgumentException.ThrowIfNullOrEmpty(sessionId);
        return "session-lifetime:" + sessionId;
    }
}
