using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace SessionLifetime;

/// <summary>Reads a request's session id and finds what it names.</summary>
internal sealed class SessionFinder(SessionEngine engine, IOptions<SessionLifetimeOptions> options)
{
    private readonly string _idHeader = options.Value.IdHeaderName;
    private readonly string _pageHeader = options.Value.PageHeaderName;

    /// <summary>The id header as it came; false when the request carries none.</summary>
    public bool TryGetHeader(HttpContext context, out StringValues header) =>
        context.Request.Headers.TryGetValue(_idHeader, out header) && header.Count > 0;

    public ValueTask<SessionFinding> FindAsync(HttpContext context)
    {
        if (!TryGetHeader(context, out var header))
        {
            return new(new SessionFinding(SessionFindingKind.Missing));
        }

        // Two headers are no id, and a comma list is no id either: it has the wrong length or alphabet.
        return FindAsync(header.Count == 1 ? header[0] : null, context.RequestAborted);
    }

    public ValueTask<SessionFinding> FindAsync(string? text, CancellationToken cancellationToken)
    {
        if (!SessionId.TryParse(text, out var secret))
        {
            return new(new SessionFinding(SessionFindingKind.Unknown));
        }

        return engine.Store.TryGet(secret, out var cell)
            ? new(new SessionFinding(SessionFindingKind.Found, cell))
            : FindElsewhereAsync(secret, cancellationToken);
    }

    /// <summary>The page a request says it comes from; anything that is no page id is ignored.</summary>
    public PageId PageOf(HttpContext context) =>
        context.Request.Headers.TryGetValue(_pageHeader, out var header) && header.Count == 1 && PageId.TryCreate(header[0], out var page)
            ? page
            : PageId.None;

    private async ValueTask<SessionFinding> FindElsewhereAsync(SessionId secret, CancellationToken cancellationToken)
    {
        if (await engine.Store.FindAsync(secret, cancellationToken) is { } cell)
        {
            return new(SessionFindingKind.Found, cell);
        }

        return await engine.Store.FindEndedAsync(secret, cancellationToken) is { } ended
            ? new(SessionFindingKind.Ended, Reason: ended.Reason)
            : new(SessionFindingKind.Unknown);
    }
}
