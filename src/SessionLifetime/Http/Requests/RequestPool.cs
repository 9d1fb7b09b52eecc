using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;
using SessionLifetime.Engine;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Requests that are done, to be used again: a request with a session allocates nothing. Each thread keeps the last one at hand, as most
/// requests begin and end on one.
/// </summary>
internal sealed class RequestPool
{
    /// <summary>As many as are in flight at once on a busy server.</summary>
    private const int MaxKept = 1024;

    [ThreadStatic]
    private static RequestInSession? t_last;

    private readonly DefaultObjectPool<RequestInSession> _pool;

    public RequestPool(SessionEngine engine, IServiceScopeFactory scopes, IConnections connections) =>
        (Connections, _pool) = (connections, new(new PoolPolicy(() => new RequestInSession(engine, scopes, this)), MaxKept));

    public IConnections Connections { get; }

    public RequestInSession Take()
    {
        if (t_last is { } last && last.Pool == this)
        {
            t_last = null;
            return last;
        }

        return _pool.Get();
    }

    public void GiveBack(RequestInSession request)
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

    private sealed class PoolPolicy(Func<RequestInSession> make) : PooledObjectPolicy<RequestInSession>
    {
        public override RequestInSession Create() => make();

        public override bool Return(RequestInSession obj) => true;
    }
}
