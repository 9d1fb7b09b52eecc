using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace SessionLifetime;

/// <summary>Reads a request's session id, finds what it names, and has the guard admit the request to it.</summary>
internal sealed class SessionFinder(SessionEngine engine, SessionGuard guard, IOptions<SessionLifetimeOptions> options)
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

        return FindAsync(context, header);
    }

    /// <summary>Two headers are no id, and a comma list is no id either: it has the wrong length or alphabet.</summary>
    public ValueTask<SessionFinding> FindAsync(HttpContext context, StringValues header) =>
        FindAsync(context, header.Count == 1 ? header[0] : null);

    public ValueTask<SessionFinding> FindAsync(HttpContext context, string? text) => SessionId.TryParse(text, out var secret)
        ? FindAsync(context, secret)
        : new(new SessionFinding(SessionFindingKind.Unknown));

    public ValueTask<SessionFinding> FindAsync(HttpContext context, SessionId secret) => engine.Store.TryGet(secret, out var cell)
        ? guard.AdmitAsync(context, new SessionFinding(SessionFindingKind.Found, cell, secret))
        : FindElsewhereAsync(context, secret);

    /// <summary>The page a request says it comes from; anything that is no page id is ignored.</summary>
    public PageId PageOf(HttpContext context) =>
        context.Request.Headers.TryGetValue(_pageHeader, out var header) && header.Count == 1 && PageId.TryCreate(header[0], out var page)
            ? page
            : PageId.None;

    private async ValueTask<SessionFinding> FindElsewhereAsync(HttpContext context, SessionId secret)
    {
        if (await engine.Store.FindAsync(secret, context.RequestAborted) is { } cell)
        {
            return await guard.AdmitAsync(context, new SessionFinding(SessionFindingKind.Found, cell, secret));
        }

        return await engine.Store.FindEndedAsync(secret, context.RequestAborted) is { } ended
            ? new(SessionFindingKind.Ended, Reason: ended.Reason)
            : new(SessionFindingKind.Unknown);
    }
}
