using System.Runtime.CompilerServices;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Admission;

/// <summary>
/// Admits a request to the session its id names: only from the browser the session belongs to, and to nobody but the user it belongs to.
/// Who is refused has not touched it. The first browser and the first user it meets are those it belongs to.
/// </summary>
internal sealed class SessionGuard(
    SessionEngine engine,
    SessionOwnership ownership,
    BrowserCookie cookie,
    SessionMetrics metrics,
    IOptions<SessionLifetimeOptions> options,
    ILogger<SessionGuard> logger)
{
    private readonly BrowserBinding _binding = options.Value.BrowserBinding;
    private readonly string _claimType = options.Value.UserClaimType;
    private readonly ConditionalWeakTable<SessionEntry, StrongBox<BrowserKey>> _issuedKeys = [];
    private int _hasWarned;

    /// <summary>Whether the session belongs to this browser and this user already, and has no other secret. False says nothing.</summary>
    public bool AdmitsAtOnce(HttpContext context, IHeaderDictionary headers, SessionEntry entry) =>
        entry.Rotated is null && Owns(headers, entry, UserOf(context));

    public ValueTask<SessionLookup> AdmitAsync(HttpContext context, IHeaderDictionary headers, SessionLookup lookup)
    {
        var user = UserOf(context);
        return Owns(headers, lookup.Entry!, user)
            ? new(Admitted(lookup))
            : AdmitSlowlyAsync(context, lookup, lookup.Entry!.Owner, user);
    }

    private bool Owns(IHeaderDictionary headers, SessionEntry entry, string? user) =>
        (_binding == BrowserBinding.Off || (entry.IsBound && cookie.Carries(headers, entry.Browser)))
        && (user is null || string.Equals(entry.User, user, StringComparison.Ordinal));

    /// <summary>Whose a session is from the start, as far as the request tells. The browser is set its cookie, new or for another while.</summary>
    /// <param name="context">The request.</param>
    /// <param name="handed">The key in that cookie; none where there is no binding.</param>
    public SessionOwner IssueBrowserCookie(HttpContext context, out BrowserKey handed)
    {
        var key = handed = BrowserKey.None;
        if (_binding != BrowserBinding.Off)
        {
            // A new key is not known to have arrived: tabs that open together are all given one, and the browser keeps the last.
            key = cookie.Read(context.Request);
            handed = key.IsNone ? BrowserKey.Create() : key;
            cookie.Append(context, handed);
        }

        var user = UserOf(context);
        return new SessionOwner(key, user);
    }

    /// <summary>The key that was handed out together with the cookie of a new session.</summary>
    public void RememberIssuedKey(SessionEntry entry, BrowserKey key) => _issuedKeys.AddOrUpdate(entry, new(key));

    /// <summary>
    /// Whether a cookie may lead a request to a session: not to one that belongs to no browser yet, unless it was given to this one. A cookie
    /// can be planted by another site of the same domain.
    /// </summary>
    public bool IsGivenTo(IHeaderDictionary headers, SessionEntry entry) =>
        _binding == BrowserBinding.Off || entry.IsBound || (_issuedKeys.TryGetValue(entry, out var key) && cookie.Carries(headers, key.Value));

    /// <summary>The browser said hello again: its cookie is good for another while.</summary>
    public void RenewBrowserCookie(HttpContext context, SessionEntry entry)
    {
        if (_binding == BrowserBinding.Off)
        {
            return;
        }

        // Only what it has, or what nobody has: the session may have been bound to another browser while this one was waiting.
        var bound = entry.Browser;
        var key = !bound.IsNone && cookie.Carries(context.Request.Headers, bound) ? bound : cookie.Read(context.Request);
        if (bound.IsNone || !key.IsNone)
        {
            cookie.Append(context, key.IsNone ? BrowserKey.Create() : key);
        }
    }

    private async ValueTask<SessionLookup> AdmitSlowlyAsync(HttpContext context, SessionLookup lookup, SessionOwner owner, string? user)
    {
        var key = BrowserKey.None;
        if (_binding != BrowserBinding.Off)
        {
            if (lookup.Entry!.Shared?.BrowserHash is { } hash && owner.Browser.IsNone)
            {
                // Read from a backing store, which knows no key: who shows it has the session.
                if (cookie.Find(context.Request.Headers, hash) is not { IsNone: false } shown)
                {
                    return Refuse(SessionLookupStatus.WrongBrowser);
                }

                lookup.Entry.LearnBrowser(shown);
                owner = lookup.Entry.Owner;
            }

            key = owner.Browser.IsNone ? cookie.Read(context.Request) : owner.Browser;
            if (key.IsNone && _binding == BrowserBinding.Required)
            {
                return Refuse(SessionLookupStatus.NoBrowser);
            }

            if (!owner.Browser.IsNone && !cookie.Carries(context.Request.Headers, key))
            {
                return Refuse(SessionLookupStatus.WrongBrowser);
            }
        }

        if (user is not null && owner.User is not null && !string.Equals(owner.User, user, StringComparison.Ordinal))
        {
            return Refuse(SessionLookupStatus.WrongUser);
        }

        var entry = lookup.Entry!;
        var isSpeculative = Speculation.IsSpeculative(context.Request);
        if ((key == owner.Browser && (user is null || owner.User is not null)) || entry.IsEnded || isSpeculative)
        {
            if (key.IsNone && _binding != BrowserBinding.Off)
            {
                metrics.ServedUnbound();
            }

            return isSpeculative ? lookup : Admitted(lookup);
        }

        return await ownership.ClaimAsync(entry, key, user) switch
        {
            PlacementResult.UserFull => Refuse(SessionLookupStatus.UserFull),
            PlacementResult.BrowserFull => Refuse(SessionLookupStatus.BrowserFull),

            // Somebody else may have been faster: now it belongs to somebody.
            _ => entry.IsEnded ? lookup : await AdmitAsync(context, context.RequestHeaders(), lookup),
        };
    }

    /// <summary>As <see cref="AdmitAsync"/>, for a user who became known after the request was admitted as nobody's.</summary>
    public async ValueTask<SessionLookup> AdmitLateAsync(SessionEntry entry, string user)
    {
        if (entry.User is null && await ownership.ClaimAsync(entry, BrowserKey.None, user) == PlacementResult.UserFull)
        {
            return Refuse(SessionLookupStatus.UserFull);
        }

        return entry.IsEnded || string.Equals(entry.User, user, StringComparison.Ordinal)
            ? new(SessionLookupStatus.Found, entry)
            : Refuse(SessionLookupStatus.WrongUser);
    }

    /// <summary>Counts an answer that turns a request away. Those the guard itself refuses it has counted already, answered so or not.</summary>
    public void CountRefusal(SessionLookup lookup)
    {
        if (lookup.Kind is SessionLookupStatus.Ended or SessionLookupStatus.Unknown or SessionLookupStatus.Missing)
        {
            metrics.Refused(lookup.State ?? "missing");
        }
        else if (lookup.Kind == SessionLookupStatus.WrongConnection)
        {
            metrics.Refused(lookup.Code);
        }
    }

    /// <summary>Only now: a new id is not used by who is refused.</summary>
    private SessionLookup Admitted(SessionLookup lookup)
    {
        if (lookup.Entry!.Rotated is not null)
        {
            engine.Rotation.OnUsed(lookup.Entry, lookup.Sent);
        }

        return lookup;
    }

    private SessionLookup Refuse(SessionLookupStatus kind)
    {
        var lookup = new SessionLookup(kind);
        metrics.Refused(lookup.Code);
        return lookup;
    }

    /// <summary>Who is signed in, as the authentication before us found out; null for nobody.</summary>
    public string? UserOf(HttpContext context)
    {
        if (context.Features.Find<IHttpAuthenticationFeature>()?.User is not { Identity.IsAuthenticated: true } user)
        {
            return null;
        }

        var id = user.FindFirst(_claimType)?.Value ?? user.FindFirst("sub")?.Value ?? user.Identity.Name;
        if (string.IsNullOrEmpty(id) && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.UserWithoutId(_claimType);
        }

        return string.IsNullOrEmpty(id) ? null : id;
    }
}
