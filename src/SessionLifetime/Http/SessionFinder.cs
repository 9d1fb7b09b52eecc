using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace SessionLifetime;

/// <summary>Reads a request's session id, finds what it names, and has the guard admit the request to it.</summary>
internal sealed class SessionFinder(SessionEngine engine, SessionGuard guard, IOptions<SessionLifetimeOptions> options, TransportCookie? cookie = null)
{
    private readonly string _idHeader = options.Value.IdHeaderName;
    private readonly string _pageHeader = options.Value.PageHeaderName;

    /// <summary>The id header as it came; false when the request carries none.</summary>
    public bool TryGetHeader(IHeaderDictionary headers, out StringValues header) =>
        headers.TryGetValue(_idHeader, out header) && header.Count > 0;

    /// <summary>A session that is here and admits the request without more ado. False says nothing.</summary>
    public bool TryFindAtOnce(
        HttpContext context,
        IHeaderDictionary headers,
        StringValues header,
        [NotNullWhen(true)] out SessionCell? cell,
        out SessionId sent)
    {
        cell = null;
        sent = default;
        return header.Count == 1
            && SessionId.TryParse(header[0], out sent)
            && engine.Store.TryGet(sent, out cell)
            && guard.AdmitsAtOnce(context, headers, cell);
    }

    public ValueTask<SessionFinding> FindAsync(HttpContext context)
    {
        var headers = context.RequestHeaders();
        return TryGetHeader(headers, out var header)
            ? FindAsync(context, headers, header)
            : new(new SessionFinding(SessionFindingKind.Missing));
    }

    /// <summary>
    /// For the calls of a browser without script: by the header, and where there is none by the cookie, if a page of ours makes the call.
    /// </summary>
    public async ValueTask<SessionFinding> FindCallerAsync(HttpContext context)
    {
        var headers = context.RequestHeaders();
        if (TryGetHeader(headers, out _) || cookie?.Read(context.Request) is not { } id || !TransportCookie.IsProven(context.Request))
        {
            return await FindAsync(context);
        }

        var finding = await FindByCookieAsync(context, id);
        if (finding.Cell?.NewerThan(finding.Sent) is { } newer)
        {
            // By the cookie alone: the answer's body is for script.
            cookie.Hand(context, newer, CookieRules.PathOf(context.Request));
            finding = finding with { Sent = newer };
        }

        return finding;
    }

    /// <summary>By the cookie.</summary>
    public async ValueTask<SessionFinding> FindByCookieAsync(HttpContext context, string text)
    {
        if (SessionId.TryParse(text, out var secret)
            && (engine.Store.TryGet(secret, out var known) ? known : await engine.Store.FindAsync(secret, context.RequestAborted)) is { } cell
            && !guard.IsGivenTo(context.RequestHeaders(), cell))
        {
            return new(SessionFindingKind.Unknown, Carrier: SessionCarrier.Cookie);
        }

        return await FindAsync(context, context.RequestHeaders(), text) with { Carrier = SessionCarrier.Cookie };
    }

    /// <summary>Two headers are no id, and a comma list is no id either: it has the wrong length or alphabet.</summary>
    public ValueTask<SessionFinding> FindAsync(HttpContext context, IHeaderDictionary headers, StringValues header) =>
        FindAsync(context, headers, header.Count == 1 ? header[0] : null);

    public ValueTask<SessionFinding> FindAsync(HttpContext context, IHeaderDictionary headers, string? text) => SessionId.TryParse(text, out var secret)
        ? FindAsync(context, headers, secret)
        : new(new SessionFinding(SessionFindingKind.Unknown));

    public ValueTask<SessionFinding> FindAsync(HttpContext context, IHeaderDictionary headers, SessionId secret) => engine.Store.TryGet(secret, out var cell)
        ? guard.AdmitAsync(context, headers, new SessionFinding(SessionFindingKind.Found, cell, secret))
        : FindElsewhereAsync(context, secret);

    /// <summary>The page a request says it comes from; anything that is no page id is ignored.</summary>
    public PageId PageOf(IHeaderDictionary headers) =>
        headers.TryGetValue(_pageHeader, out var header) && header.Count == 1 && PageId.TryCreate(header[0], out var page)
            ? page
            : PageId.None;

    private async ValueTask<SessionFinding> FindElsewhereAsync(HttpContext context, SessionId secret)
    {
        if (await engine.Store.FindAsync(secret, context.RequestAborted) is { } cell)
        {
            return await guard.AdmitAsync(context, context.RequestHeaders(), new SessionFinding(SessionFindingKind.Found, cell, secret));
        }

        return await engine.Store.FindEndedAsync(secret, context.RequestAborted) is { } ended
            ? new(SessionFindingKind.Ended, Reason: ended.Reason, EndedId: ended.Id)
            : new(SessionFindingKind.Unknown);
    }
}
