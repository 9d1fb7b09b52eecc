using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Sessions;

namespace SessionLifetime.Realtime;

/// <summary>Creates the scopes in which hubs are invoked, and sets the session of each before anything is resolved in it.</summary>
internal sealed class HubScopes(IServiceScopeFactory inner) : IServiceScopeFactory
{
    public IServiceScope CreateScope()
    {
        var scope = inner.CreateScope();
        if (SessionHubConnection.Current is { } connection && TabSessionAccessor.Enter(scope.ServiceProvider, connection.Session) is { } accessor)
        {
            return new HubScope(scope, accessor);
        }

        scope.ServiceProvider.GetService<TabSessionAccessor>()?.Place = ScopePlace.Hub;
        return scope;
    }

    private sealed class HubScope(IServiceScope inner, TabSessionAccessor accessor) : IServiceScope, IAsyncDisposable
    {
        public IServiceProvider ServiceProvider => inner.ServiceProvider;

        public void Dispose()
        {
            accessor.Leave();
            inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            accessor.Leave();
            if (inner is IAsyncDisposable asynchronous)
            {
                return asynchronous.DisposeAsync();
            }

            inner.Dispose();
            return default;
        }
    }
}
