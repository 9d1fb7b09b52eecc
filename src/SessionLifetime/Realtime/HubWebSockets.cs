using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebSockets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace SessionLifetime.Realtime;

/// <summary>Gives a hub's request the framework's WebSocket feature earlier than the hub does, which adds it behind this library's middleware.</summary>
/// <remarks>
/// It runs the framework's own WebSocket middleware, with the options the hub uses. The hub skips its check of the origin where a request has the
/// feature already, so a request from an origin that is not allowed does not get the feature here: the hub refuses it.
/// </remarks>
internal sealed class HubWebSockets
{
    private readonly WebSocketMiddleware _middleware;
    private readonly IList<string> _origins;
    private readonly bool _isAnyOriginAllowed;

    public HubWebSockets(IOptions<WebSocketOptions> options, ILoggerFactory loggers)
    {
        var used = options.Value;
        _origins = used.AllowedOrigins;
        _isAnyOriginAllowed = _origins.Count == 0 || _origins.Contains("*", StringComparer.Ordinal);
        var withoutOrigins = new WebSocketOptions { KeepAliveInterval = used.KeepAliveInterval, KeepAliveTimeout = used.KeepAliveTimeout };
        _middleware = new(static _ => Task.CompletedTask, Options.Create(withoutOrigins), loggers);
    }

    /// <summary>Sets the feature, unless the server cannot upgrade the request or its origin is not allowed.</summary>
    public void SetFeature(HttpContext context)
    {
        var origin = context.Request.Headers.Origin;
        if (!_isAnyOriginAllowed && !StringValues.IsNullOrEmpty(origin) && !_origins.Contains(origin.ToString(), StringComparer.Ordinal))
        {
            return;
        }

        // The middleware itself awaits nothing, and the next step is complete.
        if (!_middleware.Invoke(context).IsCompletedSuccessfully)
        {
            throw new InvalidOperationException("The framework's WebSocketMiddleware did not complete at once: this version of it is not supported.");
        }
    }
}
