using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Gives a session a new id where the answer to a request that carried the id redirects to another origin: the browser sends the header there, too,
/// after a preflight that most origins refuse.
/// </summary>
internal sealed class ForeignRedirects(SessionEngine engine, ILogger<ForeignRedirects> logger)
{
    /// <summary>Whether the answer is such a redirect.</summary>
    public static bool IsOne(HttpContext context, int status) =>
        status is 301 or 302 or 303 or 307 or 308
        && context.Response.Headers.Location.ToString() is { Length: > 0 } location
        && !NavigationRelay.IsWithinSite(context.Request, location)
        && !IsWithin(context.Request.Headers.Origin.ToString(), location);

    /// <summary>Replaces the id that the request has sent, unless it is being replaced already.</summary>
    public async Task ReplaceIdAsync(HttpContext context, SessionEntry entry, SessionId sent)
    {
        if (entry.IsEnded || entry.NewerThan(sent) is not null)
        {
            return;
        }

        var to = Uri.TryCreate(context.Response.Headers.Location.ToString(), UriKind.Absolute, out var address) ? $"{address.Scheme}://{address.Authority}" : "";
        logger.RedirectedElsewhere(entry.Id.ToString(), context.Request.Path.ToString().ReplaceLineEndings(" "), to);
        await engine.Rotation.RotateAsync(entry);
    }

    /// <summary>The same for an endpoint without sessions, whose requests carry the id all the same.</summary>
    public void Watch(HttpContext context, StringValues header)
    {
        if (header.Count == 1 && SessionId.TryParse(header[0], out var sent))
        {
            context.Response.OnStarting(() => IsOne(context, context.Response.StatusCode) && engine.Directory.TryGet(sent, out var entry)
                ? ReplaceIdAsync(context, entry, sent)
                : Task.CompletedTask);
        }
    }

    private static bool IsWithin(string origin, string location) =>
        origin.Length > 0
        && location.StartsWith(origin, StringComparison.OrdinalIgnoreCase)
        && (location.Length == origin.Length || location[origin.Length] is '/' or '?' or '#');
}
