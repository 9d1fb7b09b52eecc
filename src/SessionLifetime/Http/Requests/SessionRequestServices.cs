using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Sets the session of a request's dependency-injection scope when the scope is first used: a request without services costs nothing.
/// </summary>
internal sealed class SessionRequestServices(IServiceScopeFactory scopes) : IServiceProvidersFeature
{
    private HttpContext _context = default!;
    private TabSession? _session;
    private object? _inner;
    private IServiceProvider? _entered;
    private TabSessionAccessor? _accessor;

    public IServiceProvider RequestServices
    {
        get
        {
            var services = Inner.RequestServices;
            if (!ReferenceEquals(services, _entered))
            {
                Enter(services);
            }

            return services;
        }

        set
        {
            // The exception handler gives the error page a scope of its own for a while.
            Leave();
            Inner.RequestServices = value;
        }
    }

    /// <summary>The feature of the server; created where the server has not created it yet.</summary>
    private IServiceProvidersFeature Inner => (IServiceProvidersFeature)(_inner ??= new RequestServicesFeature(_context, scopes));

    /// <summary>Replaces the feature of the context, unless it is replaced already, because this is the error page of the same request.</summary>
    public void Open(HttpContext context, IFeatureCollection features, TabSession session)
    {
        (_context, _session) = (context, session);
        _inner = features[typeof(IServiceProvidersFeature)];
        if (_inner is not SessionRequestServices)
        {
            features.Put<IServiceProvidersFeature>(this);
        }
    }

    /// <summary>Ends the use of the session by the scope.</summary>
    public void Leave() => _accessor?.Leave();

    /// <summary>Removes the session, because it belongs to another user: from now on the scope has none.</summary>
    public void Forget()
    {
        _accessor?.Forget();
        (_session, _accessor) = (null, null);
    }

    /// <summary>Gives the request its own feature back, and forgets the request.</summary>
    public void Reset()
    {
        if (_context?.Features is { } features && features[typeof(IServiceProvidersFeature)] == this)
        {
            features[typeof(IServiceProvidersFeature)] = _inner;
        }

        (_context, _session, _inner, _entered, _accessor) = (default!, null, null, null, null);
    }

    private void Enter(IServiceProvider services)
    {
        Leave();
        _entered = services;

        // Registered after the request's scope was created, so it runs before the scope is disposed.
        _accessor = _session is null ? null : TabSessionAccessor.Enter(services, _session, LeaveOnCompleted);
    }

    private void LeaveOnCompleted(TabSessionAccessor accessor) => _context.Response.OnCompleted(
        static state =>
        {
            ((TabSessionAccessor)state).Leave();
            return Task.CompletedTask;
        },
        accessor);
}
