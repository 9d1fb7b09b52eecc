using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.ResponseCaching;
using Microsoft.AspNetCore.Routing;

namespace SessionLifetime.Http.Navigation;

/// <summary>Keeps what is made for a session out of the app's own caches, and what they hold for others away from it.</summary>
/// <remarks>
/// <para>
/// The output cache, where it comes after us, asks the endpoint what to do. So the request goes on with a twin of its endpoint that has the
/// framework's own mark against caching as its last. An endpoint has one twin for as long as it lives, since others keep what they know of an
/// endpoint by that object. Where the cache came before us, it has looked for a copy already, and is told not to store one.
/// </para>
/// <para>
/// Response caching copies the headers before the response starts, and by then the app may have overwritten any that speak of caches. It
/// never stores what sets a cookie, and nobody takes a cookie back: so the answer takes away one that nobody has.
/// </para>
/// </remarks>
internal sealed class PageCaches(IOutputCacheStore? outputCache = null)
{
    private const string NoCookie = "SessionLifetime.Uncached";

    private static readonly OutputCacheAttribute s_never = new() { NoStore = true };

    private readonly ConditionalWeakTable<Endpoint, Endpoint> _twins = [];

    /// <summary>For a request whose endpoint has not been reached yet.</summary>
    public void Pass(HttpContext context)
    {
        KeepOut(context);
        if (outputCache is null || context.Features.Get<IOutputCacheFeature>() is not null)
        {
            return;
        }

        if (context.GetEndpoint() is { } endpoint)
        {
            context.SetEndpoint(_twins.GetValue(endpoint, TwinOf));
        }
        else
        {
            SetNoCookie(context);
        }
    }

    /// <summary>For one that is being answered.</summary>
    public static void KeepOut(HttpContext context)
    {
        if (context.Features.Get<IOutputCacheFeature>() is { } cache)
        {
            cache.Context.AllowCacheStorage = false;
        }

        if (context.Features.Get<IResponseCachingFeature>() is not null)
        {
            SetNoCookie(context);
        }
    }

    private static void SetNoCookie(HttpContext context)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Cookies.Append(NoCookie, "", new() { MaxAge = TimeSpan.Zero, HttpOnly = true, SameSite = SameSiteMode.Strict, IsEssential = true });
        }
    }

    private static Endpoint TwinOf(Endpoint endpoint)
    {
        if (ReferenceEquals(endpoint.Metadata.GetMetadata<OutputCacheAttribute>(), s_never))
        {
            return endpoint;
        }

        var metadata = new EndpointMetadataCollection([.. endpoint.Metadata, s_never]);
        return endpoint is RouteEndpoint { RequestDelegate: { } serve } route
            ? new RouteEndpoint(serve, route.RoutePattern, route.Order, metadata, route.DisplayName)
            : new Endpoint(endpoint.RequestDelegate, metadata, endpoint.DisplayName);
    }
}
