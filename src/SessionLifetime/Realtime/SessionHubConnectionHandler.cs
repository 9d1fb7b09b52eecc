using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime.Realtime;

/// <summary>The framework's handler of hub connections; while it handles a connection with a session, that session is <see cref="SessionHubConnection.Current"/>.</summary>
/// <typeparam name="THub">The hub.</typeparam>
internal sealed class SessionHubConnectionHandler<
    [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors | DynamicallyAccessedMemberTypes.PublicMethods)] THub>(
    HubLifetimeManager<THub> lifetimeManager,
    IHubProtocolResolver protocolResolver,
    IOptions<HubOptions> globalHubOptions,
    IOptions<HubOptions<THub>> hubOptions,
    ILoggerFactory loggerFactory,
    IUserIdProvider userIdProvider,
    IServiceScopeFactory serviceScopeFactory,
    OpenHubConnections hubs,
    TimeProvider time) : HubConnectionHandler<THub>(
        lifetimeManager,
        protocolResolver,
        globalHubOptions,
        hubOptions,
        loggerFactory,
        new HubUserIds(userIdProvider),
        new HubScopes(serviceScopeFactory))
    where THub : Hub
{
    public override Task OnConnectedAsync(ConnectionContext connection) => HubSessionItem.Find(connection) is { } session
        ? ServeAsync(connection, session)
        : base.OnConnectedAsync(connection);

    private async Task ServeAsync(ConnectionContext connection, TabSession session)
    {
        var inSession = new SessionHubConnection(connection, session, time);
        connection.Features.Set(inSession);
        SessionHubConnection.Current = inSession;

        // Counted as a request: what the session owns is not disposed while the hub uses it, also between two long polls.
        session.Entry.EnterRequest();
        var token = OpenHubConnections.TokenOf(connection.GetHttpContext()?.Request);
        if (token is not null)
        {
            hubs.Add(token, inSession);
        }

        try
        {
            if (!session.Connections.TryAdd(inSession))
            {
                inSession.Close(session.EndReason);
            }

            await base.OnConnectedAsync(connection);
        }
        finally
        {
            if (token is not null)
            {
                hubs.Remove(token);
            }

            inSession.Leave();
            session.Entry.LeaveRequest();
        }
    }
}
