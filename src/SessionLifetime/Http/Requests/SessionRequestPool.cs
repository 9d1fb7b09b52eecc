using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;
using SessionLifetime.Engine;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Reuses the objects of completed requests, so that a request with a session allocates nothing. Each thread keeps the last one, as most
/// requests begin and end on one thread.
/// </summary>
internal sealed class SessionRequestPool
{
    /// <summary>As many as are in flight at once on a busy server.</summary>
    private const int MaxKept = 1024;

    [ThreadStatic]
    private static SessionRequest? t_last;

    private readonly DefaultObjectPool<SessionRequest> _pool;

    public SessionRequestPool(SessionEngine engine, IServiceScopeFactory scopes, IConnections connections) =>
        _pool = new(new CompletedRequests(engine, scopes, connections, Return), MaxKept);

    public SessionRequest Take()
    {
        // A process may host several apps.
        if (t_last is { } last && last.IsReturnedTo(this))
        {
            t_last = null;
            return last;
        }

        return _pool.Get();
    }

    public void Return(SessionRequest request)
    {
        if (t_last is null)
        {
            t_last = request;
        }
        else
        {
            _pool.Return(request);
        }
    }

    private sealed class CompletedRequests(SessionEngine engine, IServiceScopeFactory scopes, IConnections connections, Action<SessionRequest> returned)
        : PooledObjectPolicy<SessionRequest>
    {
        public override SessionRequest Create() => new(engine, scopes, connections, returned);

        public override bool Return(SessionRequest obj) => true;
    }
}
