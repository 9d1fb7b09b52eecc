using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Configuration;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

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
        [NotNullWhen(true)] out SessionEntry? entry,
        out SessionId sent)
    {
        entry = null;
        sent = default;
        return header.Count == 1
            && SessionId.TryParse(header[0], out sent)
            && engine.Directory.TryGet(sent, out entry)
            && guard.AdmitsAtOnce(context, headers, entry);
    }

    public ValueTask<SessionLookup> FindAsync(HttpContext context)
    {
        var headers = context.RequestHeaders();
        return TryGetHeader(headers, out var header)
            ? FindAsync(context, headers, header)
            : new(new SessionLookup(SessionLookupStatus.Missing));
    }

    /// <summary>
    /// For the calls of a browser without script: by the header, and where there is none by the cookie, if a page of ours makes the call.
    /// </summary>
    public async ValueTask<SessionLookup> FindCallerAsync(HttpContext context)
    {
        var headers = context.RequestHeaders();
        if (TryGetHeader(headers, out _) || cookie?.Read(context.Request) is not { } id || !TransportCookie.IsProven(context.Request))
        {
            return await FindAsync(context);
        }

        var lookup = await FindByCookieAsync(context, id);
        if (lookup.Entry?.NewerThan(lookup.Sent) is { } newer)
        {
            // By the cookie alone: the answer's body is for script.
            cookie.Append(context, newer, CookieRules.PathOf(context.Request));
            lookup = lookup with { Sent = newer };
        }

        return lookup;
    }

    /// <summary>By the cookie.</summary>
    public async ValueTask<SessionLookup> FindByCookieAsync(HttpContext context, string text)
    {
        if (SessionId.TryParse(text, out var secret)
            && (engine.Directory.TryGet(secret, out var known) ? known : await engine.Directory.FindAsync(secret, context.RequestAborted)) is { } entry
            && !guard.IsGivenTo(context.RequestHeaders(), entry))
        {
            return new(SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie);
        }

        return await FindAsync(context, context.RequestHeaders(), text) with { Carrier = SessionCarrier.Cookie };
    }

    /// <summary>Two headers are no id, and a comma list is no id either: it has the wrong length or alphabet.</summary>
    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, StringValues header) =>
        FindAsync(context, headers, header.Count == 1 ? header[0] : null);

    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, string? text) => SessionId.TryParse(text, out var secret)
        ? FindAsync(context, headers, secret)
        : new(new SessionLookup(SessionLookupStatus.Unknown));

    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, SessionId secret) => engine.Directory.TryGet(secret, out var entry)
        ? guard.AdmitAsync(context, headers, new SessionLookup(SessionLookupStatus.Found, entry, secret))
        : FindElsewhereAsync(context, secret);

    /// <summary>The page a request says it comes from; anything that is no page id is ignored.</summary>
    public PageId PageOf(IHeaderDictionary headers) =>
        headers.TryGetValue(_pageHeader, out var header) && header.Count == 1 && PageId.TryCreate(header[0], out var page)
            ? page
            : PageId.None;

    private async ValueTask<SessionLookup> FindElsewhereAsync(HttpContext context, SessionId secret)
    {
        if (await engine.Directory.FindAsync(secret, context.RequestAborted) is { } entry)
        {
            return await guard.AdmitAsync(context, context.RequestHeaders(), new SessionLookup(SessionLookupStatus.Found, entry, secret));
        }

        return await engine.Directory.FindEndedAsync(secret, context.RequestAborted) is { } ended
            ? new(SessionLookupStatus.Ended, Reason: ended.Reason, EndedId: ended.Id)
            : new(SessionLookupStatus.Unknown);
    }
}
