using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;

namespace SessionLifetime;

/// <summary>
/// Tells the scope of a request its session, when somebody first asks for that scope: a request that asks for no services pays for none.
/// </summary>
internal sealed class SessionRequestServices(HttpContext context, IServiceProvidersFeature? inner, IServiceScopeFactory scopes, TabSession session)
    : IServiceProvidersFeature
{
    private IServiceProvidersFeature? _inner = inner;
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
    private IServiceProvidersFeature Inner => _inner ??= new RequestServicesFeature(context, scopes);

    public static void Set(HttpContext context, IServiceScopeFactory scopes, TabSession session)
    {
        var feature = context.Features.Get<IServiceProvidersFeature>();
        if (feature is not SessionRequestServices)
        {
            context.Features.Set<IServiceProvidersFeature>(new SessionRequestServices(context, feature, scopes, session));
        }
    }

    public void Leave() => _accessor?.Leave();

    private void Tell(IServiceProvider services)
    {
        Leave();
        _told = services;

        // The request's scope was made before it lends anything; so it is disposed after it has left.
        _accessor = TabSessionAccessor.Enter(services, session, () => context.Response.OnCompleted(
            static state =>
            {
                ((TabSessionAccessor)state).Leave();
                return Task.CompletedTask;
            },
            _accessor!));
    }
}
