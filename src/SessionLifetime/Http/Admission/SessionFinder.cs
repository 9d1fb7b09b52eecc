using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Configuration;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>Reads a request's session id, finds the session, and has the guard admit the request to it.</summary>
internal sealed class SessionFinder(SessionEngine engine, SessionGuard guard, IOptions<SessionLifetimeOptions> options, TransportCookie? cookie = null)
{
    private readonly string _idHeader = options.Value.IdHeaderName;
    private readonly string _pageHeader = options.Value.PageHeaderName;

    /// <summary>The id header as it came; false when the request carries none.</summary>
    public bool TryGetHeader(IHeaderDictionary headers, out StringValues header) =>
        headers.TryGetValue(_idHeader, out header) && header.Count > 0;

    /// <summary>The session of a request that carries the id header; completes at once where the session is in memory and belongs to the request already.</summary>
    public ValueTask<SessionLookup> FindAsync(HttpContext context)
    {
        var headers = context.RequestHeaders();
        return TryGetHeader(headers, out var header)
            ? FindAsync(context, headers, header)
            : new(new SessionLookup(SessionLookupStatus.Missing));
    }

    /// <summary>
    /// The session of a call that a browser without script may make: by the header, or by the cookie where a page of the app makes the call.
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
            // The new id goes into the cookie only: scripts read the answer's body.
            cookie.Append(context, newer, CookieRules.PathOf(context.Request));
            lookup = lookup with { Sent = newer };
        }

        return lookup;
    }

    /// <summary>The session that the cookie names.</summary>
    public async ValueTask<SessionLookup> FindByCookieAsync(HttpContext context, string text)
    {
        if (SessionId.TryParse(text, out var secret)
            && (engine.Directory.TryGet(secret, out var known) ? known : await engine.Directory.FindAsync(secret, context.RequestAborted)) is { } entry
            && !guard.MayUseCookie(context.RequestHeaders(), entry))
        {
            return new(SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie);
        }

        return await FindAsync(context, context.RequestHeaders(), text) with { Carrier = SessionCarrier.Cookie };
    }

    /// <summary>The session that the header names. Two headers, or a comma list, name none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, StringValues header) =>
        FindAsync(context, headers, header.Count == 1 ? header[0] : null);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, string? text) => SessionId.TryParse(text, out var secret)
        ? FindAsync(context, headers, secret)
        : new(new SessionLookup(SessionLookupStatus.Unknown));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, SessionId secret) => engine.Directory.TryGet(secret, out var entry)
        ? guard.AdmitAsync(context, headers, entry, secret)
        : FindElsewhereAsync(context, secret);

    /// <summary>The page that sent the request; none where the header is missing or is not a page id.</summary>
    public PageId PageOf(IHeaderDictionary headers) =>
        headers.TryGetValue(_pageHeader, out var header) && header.Count == 1 && PageId.TryCreate(header[0], out var page)
            ? page
            : PageId.None;

    private async ValueTask<SessionLookup> FindElsewhereAsync(HttpContext context, SessionId secret)
    {
        if (await engine.Directory.FindAsync(secret, context.RequestAborted) is { } entry)
        {
            return await guard.AdmitAsync(context, context.RequestHeaders(), entry, secret);
        }

        return await engine.Directory.FindEndedAsync(secret, context.RequestAborted) is { } ended
            ? new(SessionLookupStatus.Ended, Reason: ended.Reason, EndedId: ended.Id)
            : new(SessionLookupStatus.Unknown);
    }
}
