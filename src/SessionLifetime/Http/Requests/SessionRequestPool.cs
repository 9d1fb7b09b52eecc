using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.ObjectPool;
using SessionLifetime.Engine;

namespace SessionLifetime.Http.Requests;

/// <summary>Reuses the objects of completed requests, so that a request with a session allocates nothing.</summary>
internal sealed class SessionRequestPool
{
    /// <summary>As many as are in flight at once on a busy server.</summary>
    private const int MaxKept = 1024;

    private readonly DefaultObjectPool<SessionRequest> _pool;

    public SessionRequestPool(SessionEngine engine, IServiceScopeFactory scopes, IConnections connections, RequestFailures failures) =>
        _pool = new(new CompletedRequests(() => new SessionRequest(engine, scopes, connections, failures, this, Return)), MaxKept);

    public SessionRequest Take() => SessionRequest.TakeLast(this) ?? _pool.Get();

    private void Return(SessionRequest request) => _pool.Return(request);

    private sealed class CompletedRequests(Func<SessionRequest> create) : PooledObjectPolicy<SessionRequest>
    {
        public override SessionRequest Create() => create();

        public override bool Return(SessionRequest obj) => true;
    }
}
