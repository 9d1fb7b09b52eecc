using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;

namespace SessionLifetime;

/// <summary>Requests that are done, to be used again: a request with a session allocates nothing.</summary>
internal sealed class RequestPool
{
    /// <summary>As many as are in flight at once on a busy server.</summary>
    private const int MaxKept = 1024;

    private readonly DefaultObjectPool<RequestInSession> _pool;

    public RequestPool(SessionEngine engine, IServiceScopeFactory scopes, IConnections connections) =>
        _pool = new(new Policy(() => new RequestInSession(engine, scopes, connections, GiveBack)), MaxKept);

    public RequestInSession Take() => _pool.Get();

    private void GiveBack(RequestInSession request) => _pool.Return(request);

    private sealed class Policy(Func<RequestInSession> make) : PooledObjectPolicy<RequestInSession>
    {
        public override RequestInSession Create() => make();

        public override bool Return(RequestInSession obj) => true;
    }
}
