using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.AspNetCore.ResponseCaching;
using Microsoft.AspNetCore.Routing;

namespace SessionLifetime.Http.Navigation;

/// <summary>Keeps answers that were made for a session out of the app's server-side caches, and cached answers away from requests with a session.</summary>
/// <remarks>
/// <para>
/// Output cache: where it runs behind this library's middleware, it reads its policy from the endpoint's metadata. So the request continues with a
/// copy of its endpoint whose last metadata is <see cref="OutputCacheAttribute"/> with <c>NoStore</c>. Each endpoint has one copy for its whole
/// life, because other components cache what they compute by endpoint object. Where the output cache runs before, it has looked up the request
/// already; only storing is switched off then.
/// </para>
/// <para>
/// Response caching: it reads the answer's headers when the response starts, and the app may have overwritten <c>Cache-Control</c> by then. It
/// never stores an answer that sets a cookie, and no component removes <c>Set-Cookie</c>: so the answer deletes a cookie that no browser has.
/// </para>
/// </remarks>
internal sealed class PageCaches(IOutputCacheStore? outputCache = null)
{
    private const string UnusedCookie = "SessionLifetime.Uncached";

    private static readonly OutputCacheAttribute s_never = new() { NoStore = true };

    private readonly ConditionalWeakTable<Endpoint, Endpoint> _copies = [];

    /// <summary>Before the request reaches its endpoint.</summary>
    public void KeepOutBeforeEndpoint(HttpContext context)
    {
        KeepOut(context);
        if (outputCache is null || context.Features.Get<IOutputCacheFeature>() is not null)
        {
            return;
        }

        if (context.GetEndpoint() is { } endpoint)
        {
            context.SetEndpoint(_copies.GetValue(endpoint, CopyOf));
        }
        else
        {
            DeleteUnusedCookie(context);
        }
    }

    /// <summary>While the request is being answered.</summary>
    public static void KeepOut(HttpContext context)
    {
        if (context.Features.Get<IOutputCacheFeature>() is { } cache)
        {
            cache.Context.AllowCacheStorage = false;
        }

        if (context.Features.Get<IResponseCachingFeature>() is not null)
        {
            DeleteUnusedCookie(context);
        }
    }

    private static void DeleteUnusedCookie(HttpContext context)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.Cookies.Append(UnusedCookie, "", new() { MaxAge = TimeSpan.Zero, HttpOnly = true, SameSite = SameSiteMode.Strict, IsEssential = true });
        }
    }

    private static Endpoint CopyOf(Endpoint endpoint)
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
