using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>
/// Tells a circuit's scope its session before any component is made, and counts what comes from its browser as a sign of life: that a page
/// has drawn something is no user. What its user does, the browser module tells.
/// </summary>
/// <remarks>Made in the flow of the connection the circuit begins with, once for each circuit; it stays over reconnects.</remarks>
internal sealed class SessionCircuitHandler : CircuitHandler
{
    private readonly MessageCounter _counter;
    private readonly SessionHubConnection? _first;
    private readonly TabSession? _session;
    private readonly TabSessionAccessor? _accessor;

    public SessionCircuitHandler(IServiceProvider scope, MessageCounter counter)
    {
        _counter = counter;
        if (SessionHubConnection.Current is { } connection)
        {
            _first = connection;
            _session = connection.Session;
            _accessor = TabSessionAccessor.Enter(scope, _session);
        }
        else
        {
            scope.GetRequiredService<TabSessionAccessor>().Place = ScopePlace.Circuit;
        }
    }

    /// <summary>The last to hear of the circuit's end, just before its scope is disposed.</summary>
    public override int Order => int.MaxValue;

    /// <summary>Called where the components run, for the circuit's first connection and each it comes back by.</summary>
    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        if ((SessionHubConnection.Current ?? _first) is { } connection)
        {
            connection.Drawing = SynchronizationContext.Current;
        }

        return Task.CompletedTask;
    }

    public override Task OnCircuitClosedAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        _accessor?.Leave();
        return Task.CompletedTask;
    }

    public override Func<CircuitInboundActivityContext, Task> CreateInboundActivityHandler(Func<CircuitInboundActivityContext, Task> next) =>
        _session is { } session ? context => InSessionAsync(session, context, next) : next;

    /// <summary>What comes when the session is over is not served; the connection is being closed.</summary>
    private async Task InSessionAsync(TabSession session, CircuitInboundActivityContext context, Func<CircuitInboundActivityContext, Task> next)
    {
        if (await _counter.CountAsync(session.Entry, SessionSignal.Alive, "circuit"))
        {
            await next(context);
        }
    }
}
