using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.Http.Reading;

/// <summary>
/// What the hot path takes from a request. It asks the features by type: <c>Get</c> and <c>Set</c> of the collection are generic virtual
/// methods, whose dispatch alone costs more than lookup the feature; and every feature that is set makes the context forget those it had
/// found, so they are not asked for by way of the context.
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
