using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Tells the scope of a request its session, when somebody first asks for that scope: a request that asks for no services pays for none.
/// </summary>
internal sealed class SessionRequestServices(IServiceScopeFactory scopes) : IServiceProvidersFeature
{
    private HttpContext _context = default!;
    private TabSession? _session;
    private object? _inner;
    private IServiceProvider? _told;
    private TabSessionAccessor? _accessor;

    public IServiceProvider RequestServices
    {
        get
        {
            var services = Inner.RequestServices;
            if (!ReferenceEquals(services, _told))
            {
                Tell(services);
            }

            return services;
        }

        set
        {
            // An error page may have a scope of its own for a while.
            Leave();
            Inner.RequestServices = value;
        }
    }

    /// <summary>The server's own, which it makes as late as this.</summary>
    private IServiceProvidersFeature Inner => (IServiceProvidersFeature)(_inner ??= new RequestServicesFeature(_context, scopes));

    /// <summary>Stands before what the context has, unless another does already: that of a request whose error page this is.</summary>
    public void Open(HttpContext context, IFeatureCollection features, TabSession session)
    {
        (_context, _session) = (context, session);
        _inner = features[typeof(IServiceProvidersFeature)];
        if (_inner is not SessionRequestServices)
        {
            features.Put<IServiceProvidersFeature>(this);
        }
    }

    /// <summary>The scope works for the session no longer.</summary>
    public void Leave() => _accessor?.Leave();

    /// <summary>The session turned out to be another user's: what asks for it from now on finds none.</summary>
    public void Forget()
    {
        _accessor?.Forget();
        (_session, _accessor) = (null, null);
    }

    /// <summary>Forgets the request, which has its own services back.</summary>
    public void Reset()
    {
        if (_context?.Features is { } features && features[typeof(IServiceProvidersFeature)] == this)
        {
            features[typeof(IServiceProvidersFeature)] = _inner;
        }

        (_context, _session, _inner, _told, _accessor) = (default!, null, null, null, null);
    }

    private void Tell(IServiceProvider services)
    {
        Leave();
        _told = services;

        // The request's scope was made before it lends anything; so it is disposed after it has left.
        _accessor = _session is null ? null : TabSessionAccessor.Enter(services, _session, LeaveAtTheEnd);
    }

    private void LeaveAtTheEnd(TabSessionAccessor accessor) => _context.Response.OnCompleted(
        static state =>
        {
            ((TabSessionAccessor)state).Leave();
            return Task.CompletedTask;
        },
        accessor);
}
