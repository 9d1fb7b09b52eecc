using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Http.Reading;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Sets the session of a request's dependency-injection scope when the scope is first used: a request without services costs nothing.
/// </summary>
internal sealed class SessionRequestServices(ISessionRequest request, IServiceScopeFactory scopes) : IServiceProvidersFeature
{
    private object? _inner;
    private IServiceProvider? _entered;
    private TabSessionAccessor? _accessor;
    private bool _isOpen;
    private bool _isForgotten;

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
    private IServiceProvidersFeature Inner => (IServiceProvidersFeature)(_inner ??= new RequestServicesFeature(request.Context, scopes));

    /// <summary>Replaces the feature of the context, unless it is replaced already, because this is the error page of the same request.</summary>
    public void Open(IFeatureCollection features)
    {
        _isOpen = true;
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
        (_isForgotten, _accessor) = (true, null);
    }

    /// <summary>Gives the request its own feature back, and forgets the request.</summary>
    public void Reset(HttpContext context)
    {
        if (_isOpen && context.Features is var features && features[typeof(IServiceProvidersFeature)] == this)
        {
            features[typeof(IServiceProvidersFeature)] = _inner;
        }

        (_inner, _entered, _accessor, _isOpen, _isForgotten) = (null, null, null, false, false);
    }

    private void Enter(IServiceProvider services)
    {
        Leave();
        _entered = services;

        // Registered after the request's scope was created, so it runs before the scope is disposed.
        _accessor = _isForgotten ? null : TabSessionAccessor.Enter(services, request.Session, LeaveOnCompleted);
    }

    private void LeaveOnCompleted(TabSessionAccessor accessor) => request.Context.Response.OnCompleted(
        static state =>
        {
            ((TabSessionAccessor)state).Leave();
            return Task.CompletedTask;
        },
        accessor);
}
