using Microsoft.AspNetCore.Components.Server.Circuits;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>
/// Sets the session of a circuit's scope before any component is created, and counts inbound messages as alive signals: a render acknowledgement is
/// no activity. Activity is reported by the browser module.
/// </summary>
/// <remarks>Created once for each circuit, in the flow of the connection the circuit starts with; kept over reconnects.</remarks>
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

    /// <summary>The last handler: called just before the circuit's scope is disposed.</summary>
    public override int Order => int.MaxValue;

    /// <summary>Called on the renderer's context, for the circuit's first connection and for each reconnect.</summary>
    public override Task OnConnectionUpAsync(Circuit circuit, CancellationToken cancellationToken)
    {
        if ((SessionHubConnection.Current ?? _first) is { } connection)
        {
            connection.RendererContext = SynchronizationContext.Current;
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

    /// <summary>Drops messages of a session that has ended; the connection is being closed.</summary>
    private async Task InSessionAsync(TabSession session, CircuitInboundActivityContext context, Func<CircuitInboundActivityContext, Task> next)
    {
        if (await _counter.CountAsync(session.Entry, SessionSignal.Alive, "circuit"))
        {
            await next(context);
        }
    }
}
