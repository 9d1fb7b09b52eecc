using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Configuration;
using SessionLifetime.Directories;
using SessionLifetime.Entries;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Admission;

/// <summary>Reads a request's session id, finds the session, and has the guard admit the request to it.</summary>
internal sealed class SessionFinder(SessionDirectory directory, SessionGuard guard, IOptions<SessionLifetimeOptions> options, TransportCookie? cookie = null)
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
            ? FindAsync(context, headers, header.Count == 1 ? header[0] : null)
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
            && (directory.TryGet(secret, out var known) ? known : await directory.FindAsync(secret, context.RequestAborted)) is { } entry
            && !guard.MayUseCookie(context.RequestHeaders(), entry))
        {
            return new(SessionLookupStatus.Unknown, Carrier: SessionCarrier.Cookie);
        }

        return await FindAsync(context, context.RequestHeaders(), text) with { Carrier = SessionCarrier.Cookie };
    }

    /// <summary>The session that a text names, which a header or a body brings.</summary>
    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, string? text) =>
        TryFind(context, headers, text, out var lookup, out var finding) ? new(lookup) : new(finding);

    public ValueTask<SessionLookup> FindAsync(HttpContext context, IHeaderDictionary headers, SessionId secret) =>
        TryFind(context, headers, secret, out var lookup, out var finding) ? new(lookup) : new(finding);

    /// <summary>
    /// The session that the header names. Two headers, or a comma list, name none. False where the caller has to wait: for a look elsewhere than in memory,
    /// or for the session to be bound to the request's browser and user.
    /// </summary>
    public bool TryFind(
        HttpContext context,
        IHeaderDictionary headers,
        StringValues header,
        out SessionLookup lookup,
        [NotNullWhen(false)] out Task<SessionLookup>? finding) =>
        TryFind(context, headers, header.Count == 1 ? header[0] : null, out lookup, out finding);

    private bool TryFind(
        HttpContext context, IHeaderDictionary headers, string? text, out SessionLookup lookup, [NotNullWhen(false)] out Task<SessionLookup>? finding)
    {
        if (SessionId.TryParse(text, out var secret))
        {
            return TryFind(context, headers, secret, out lookup, out finding);
        }

        lookup = SessionLookup.Unknown;
        finding = null;
        return true;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool TryFind(
        HttpContext context, IHeaderDictionary headers, SessionId secret, out SessionLookup lookup, [NotNullWhen(false)] out Task<SessionLookup>? finding)
    {
        if (!directory.TryGet(secret, out var entry))
        {
            lookup = default;
            finding = FindElsewhereAsync(context, secret);
            return false;
        }

        var admitting = guard.AdmitAsync(context, headers, entry, secret);
        if (admitting.IsCompletedSuccessfully)
        {
            lookup = SessionLookup.Of(admitting.Result, entry, secret);
            finding = null;
            return true;
        }

        lookup = default;
        finding = AdmitAsync(admitting, entry, secret);
        return false;
    }

    /// <summary>The page that sent the request; none where the header is missing or is not a page id.</summary>
    public PageId PageOf(IHeaderDictionary headers) =>
        headers.TryGetValue(_pageHeader, out var header) && header.Count == 1 && PageId.TryCreate(header[0], out var page)
            ? page
            : PageId.None;

    private static async Task<SessionLookup> AdmitAsync(ValueTask<SessionLookupStatus> admitting, SessionEntry entry, SessionId secret) =>
        SessionLookup.Of(await admitting, entry, secret);

    private async Task<SessionLookup> FindElsewhereAsync(HttpContext context, SessionId secret)
    {
        if (await directory.FindAsync(secret, context.RequestAborted) is { } entry)
        {
            return SessionLookup.Of(await guard.AdmitAsync(context, context.RequestHeaders(), entry, secret), entry, secret);
        }

        return await directory.FindEndedAsync(secret, context.RequestAborted) is { } ended
            ? new(SessionLookupStatus.Ended, Reason: ended.Reason, EndedId: ended.Id)
            : new(SessionLookupStatus.Unknown);
    }
}
