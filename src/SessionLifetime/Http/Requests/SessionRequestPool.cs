using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;
using SessionLifetime.Engine;

namespace SessionLifetime.Http.Requests;

/// <summary>Reuses the objects of completed requests, so that a request with a session allocates nothing.</summary>
internal sealed class SessionRequestPool
{
    /// <summary>As many as are in flight at once on a busy server.</summary>
    private const int MaxKept = 1024;

    /// <summary>The last request that completed on this thread; most requests begin and end on one.</summary>
    [ThreadStatic]
    private static SessionRequest? t_last;

    private readonly DefaultObjectPool<SessionRequest> _others;

    public SessionRequestPool(SessionEngine engine, IServiceScopeFactory scopes, IConnections connections, RequestFailures failures) =>
        _others = new(new CompletedRequests(() => new SessionRequest(engine, scopes, connections, failures, this, Return)), MaxKept);

    public SessionRequest Take()
    {
        // A process may host several apps.
        if (t_last is { } last && last.Owner == this)
        {
            t_last = null;
            return last;
        }

        return _others.Get();
    }

    public void Return(SessionRequest request)
    {
        if (t_last is null)
        {
            t_last = request;
        }
        else
        {
            _others.Return(request);
        }
    }

    private sealed class CompletedRequests(Func<SessionRequest> create) : PooledObjectPolicy<SessionRequest>
    {
        public override SessionRequest Create() => create();

        public override bool Return(SessionRequest obj) => true;
    }
}
