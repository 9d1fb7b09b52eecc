using Microsoft.AspNetCore.Http;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Model;

namespace Cluster;

/// <summary>
/// Sends on to another node what a node did not take: one that is being stopped, or has died, refuses connections, and nothing of the request has reached
/// an app then. What was sent, and not answered, is sent again only where that does no harm: to read something.
/// </summary>
internal static class NextNode
{
    /// <summary>Bodies up to this size are kept, so that they can be sent again.</summary>
    private const long MostKept = 64 * 1024;

    /// <summary>Stands in front of the balancing: <c>MapReverseProxy(proxy => { proxy.Use(NextNode.TryAsync); ... })</c>.</summary>
    /// <param name="context">The request.</param>
    /// <param name="next">The balancing.</param>
    /// <returns>A task that completes when a node has answered, or none was left.</returns>
    public static async Task TryAsync(HttpContext context, RequestDelegate next)
    {
        var hasBody = context.Request.ContentLength is > 0 || context.Request.Headers.TransferEncoding.Count > 0;
        if (hasBody && context.Request.ContentLength is <= MostKept)
        {
            context.Request.EnableBuffering();
            hasBody = false;
        }

        // The balancing leaves of them only the one it chose.
        var proxy = context.GetReverseProxyFeature();
        var left = proxy.AvailableDestinations.ToList();
        await next(context);
        while (!hasBody && WasNotTaken(context) && proxy.ProxiedDestination is { } tried)
        {
            left.Remove(tried);
            if (left.Count == 0)
            {
                return;
            }

            proxy.AvailableDestinations = [.. left];
            proxy.ProxiedDestination = null;
            context.Features.Set<IForwarderErrorFeature>(null);
            context.Response.Clear();
            if (context.Request.Body.CanSeek)
            {
                context.Request.Body.Position = 0;
            }

            await next(context);
        }
    }

    private static bool WasNotTaken(HttpContext context) =>
        !context.Response.HasStarted
        && !context.RequestAborted.IsCancellationRequested
        && context.Features.Get<IForwarderErrorFeature>() is { Error: ForwarderError.Request } error
        && (HttpMethods.IsGet(context.Request.Method)
            || HttpMethods.IsHead(context.Request.Method)
            || error.Exception is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError });
}
