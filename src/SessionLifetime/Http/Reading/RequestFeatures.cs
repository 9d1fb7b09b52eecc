using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Http.Reading;

/// <summary>
/// Access to features on the hot path, by the collection's indexer: <c>Get</c> and <c>Set</c> are generic virtual methods, whose dispatch costs more than
/// the search for the feature. <c>HttpContext</c> caches features, but drops the cache whenever a feature is set.
/// </summary>
internal static class RequestFeatures
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T? Find<T>(this IFeatureCollection features)
        where T : class => (T?)features[typeof(T)];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put<T>(this IFeatureCollection features, T? feature)
        where T : class => features[typeof(T)] = feature;

    /// <summary>The request's headers.</summary>
    public static IHeaderDictionary RequestHeaders(this HttpContext context) => context.Features.Find<IHttpRequestFeature>()!.Headers;
}
