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
/// Admits a request to the session its id names, if it comes from the session's browser, and from the session's user where one is signed in. A
/// session is bound to the first browser and the first user whose request is admitted. A refused request does not touch the session.
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

    /// <summary>
    /// Admits the request, or says why it is refused. Completes at once, without an allocation, where browser and user own the session already.
    /// </summary>
    /// <returns>Found, also where the session has ended meanwhile; otherwise why it is refused.</returns>
    public ValueTask<SessionLookupStatus> AdmitAsync(HttpContext context, IHeaderDictionary headers, SessionEntry entry, SessionId sent)
    {
        var user = UserOf(context, entry.User);
        return Owns(headers, entry, user)
            ? new(Admitted(entry, sent))
            : BindAsync(context, entry, sent, user);
    }

    private bool Owns(IHeaderDictionary headers, SessionEntry entry, string? user) =>
        (_binding == BrowserBinding.Off || (entry.IsBound && cookie.Carries(headers, entry.Browser)))
        && (user is null || string.Equals(entry.User, user, StringComparison.Ordinal));

    /// <summary>The owner of a session that the request starts. Sets the browser's cookie: a new key, or the browser's own with a new expiry.</summary>
    /// <param name="context">The request.</param>
    /// <param name="issued">The key in that cookie; none where there is no binding.</param>
    public SessionOwner IssueBrowserCookie(HttpContext context, out BrowserKey issued)
    {
        var key = issued = BrowserKey.None;
        if (_binding != BrowserBinding.Off)
        {
            // A new key does not own the session yet: of tabs that open together each gets one, and the browser keeps the last.
            key = cookie.Read(context.Request);
            issued = key.IsNone ? BrowserKey.Create() : key;
            cookie.Append(context, issued);
        }

        var user = UserOf(context);
        return new SessionOwner(key, user);
    }

    /// <summary>Records the key that was set together with the transport cookie of a new session.</summary>
    public void RememberIssuedKey(SessionEntry entry, BrowserKey key) => _issuedKeys.AddOrUpdate(entry, new(key));

    /// <summary>
    /// Whether the transport cookie of a request may name a session: one without a browser only where this browser was given it, since another site of
    /// the same domain can plant a cookie.
    /// </summary>
    public bool MayUseCookie(IHeaderDictionary headers, SessionEntry entry) =>
        _binding == BrowserBinding.Off || entry.IsBound || (_issuedKeys.TryGetValue(entry, out var key) && cookie.Carries(headers, key.Value));

    /// <summary>Sets the cookie of a browser that attaches again with a new expiry.</summary>
    public void RenewBrowserCookie(HttpContext context, SessionEntry entry)
    {
        if (_binding == BrowserBinding.Off)
        {
            return;
        }

        // Never another browser's key: the session may have been bound to another browser while this request waited.
        var bound = entry.Browser;
        var key = !bound.IsNone && cookie.Carries(context.Request.Headers, bound) ? bound : cookie.Read(context.Request);
        if (bound.IsNone || !key.IsNone)
        {
            cookie.Append(context, key.IsNone ? BrowserKey.Create() : key);
        }
    }

    /// <summary>Refuses another browser or user; binds the session to the request's where it has none yet.</summary>
    private async ValueTask<SessionLookupStatus> BindAsync(HttpContext context, SessionEntry entry, SessionId sent, string? user)
    {
        var status = Compare(context, entry, ref user, out var key);
        if (status is SessionLookupStatus.WrongBrowser or SessionLookupStatus.WrongUser && await engine.Directory.TryReadAnewAsync(entry))
        {
            // Another node may have changed whose it is.
            status = Compare(context, entry, ref user, out key);
        }

        if (status != SessionLookupStatus.Found)
        {
            return entry.IsEnded ? SessionLookupStatus.Found : Refuse(status);
        }

        var owner = entry.Owner;
        var isSpeculative = RequestClassification.HasSpeculativePurpose(context.Request);
        if ((key == owner.Browser && (user is null || owner.User is not null)) || entry.IsEnded || isSpeculative)
        {
            if (key.IsNone && _binding != BrowserBinding.Off)
            {
                metrics.ServedUnbound();
            }

            return isSpeculative ? SessionLookupStatus.Found : Admitted(entry, sent);
        }

        return await ownership.ClaimAsync(entry, key, user) switch
        {
            PlacementResult.UserFull => Refuse(SessionLookupStatus.UserFull),
            PlacementResult.BrowserFull => Refuse(SessionLookupStatus.BrowserFull),

            // Another request may have claimed it first, for its own browser or user.
            _ => entry.IsEnded ? SessionLookupStatus.Found : await AdmitAsync(context, context.RequestHeaders(), entry, sent),
        };
    }

    /// <summary>Whether the request comes from the session's browser and user, as far as the session has them.</summary>
    /// <param name="context">The request.</param>
    /// <param name="entry">The session.</param>
    /// <param name="user">The request's user; of several identities, the session's.</param>
    /// <param name="key">The key of the session's browser, or, where it has none, of the request's.</param>
    private SessionLookupStatus Compare(HttpContext context, SessionEntry entry, ref string? user, out BrowserKey key)
    {
        var owner = entry.Owner;
        user = user is null || string.Equals(owner.User, user, StringComparison.Ordinal) ? user : UserOf(context, owner.User);
        key = BrowserKey.None;
        if (_binding != BrowserBinding.Off)
        {
            if (entry.Shared?.BrowserHash is { } hash && owner.Browser.IsNone)
            {
                // A backing store keeps the hash of the key only: the request that brings the key shows it.
                if (cookie.Find(context.Request.Headers, hash) is not { IsNone: false } shown)
                {
                    return SessionLookupStatus.WrongBrowser;
                }

                entry.LearnBrowser(shown);
                owner = entry.Owner;
            }

            key = owner.Browser.IsNone ? cookie.Read(context.Request) : owner.Browser;
            if (key.IsNone && _binding == BrowserBinding.Required)
            {
                return SessionLookupStatus.NoBrowser;
            }

            if (!owner.Browser.IsNone && !cookie.Carries(context.Request.Headers, key))
            {
                return SessionLookupStatus.WrongBrowser;
            }
        }

        return user is not null && owner.User is not null && !string.Equals(owner.User, user, StringComparison.Ordinal)
            ? SessionLookupStatus.WrongUser
            : SessionLookupStatus.Found;
    }

    /// <summary>As <see cref="AdmitAsync"/>, for a user who was authenticated after the request was admitted as anonymous.</summary>
    public async ValueTask<SessionLookupStatus> AdmitLateAsync(SessionEntry entry, string user)
    {
        if (entry.User is { } other && !string.Equals(other, user, StringComparison.Ordinal))
        {
            await engine.Directory.TryReadAnewAsync(entry);
        }

        if (entry.User is null && await ownership.ClaimAsync(entry, BrowserKey.None, user) == PlacementResult.UserFull)
        {
            return Refuse(SessionLookupStatus.UserFull);
        }

        return entry.IsEnded || string.Equals(entry.User, user, StringComparison.Ordinal)
            ? SessionLookupStatus.Found
            : Refuse(SessionLookupStatus.WrongUser);
    }

    /// <summary>Counts an answer that refuses a request, unless the guard counted it when it refused the request.</summary>
    public void CountRefusal(SessionLookup lookup)
    {
        if (lookup.Status is SessionLookupStatus.Ended or SessionLookupStatus.Unknown or SessionLookupStatus.Missing)
        {
            metrics.Refused(lookup.State ?? "missing");
        }
        else if (lookup.Status == SessionLookupStatus.WrongConnection)
        {
            metrics.Refused(lookup.Code);
        }
    }

    /// <summary>Starts the overlap of a rotated id at the first use of the new one; a request that is refused does not use it.</summary>
    private SessionLookupStatus Admitted(SessionEntry entry, SessionId sent)
    {
        if (entry.Rotated is not null)
        {
            engine.Rotation.OnUsed(entry, sent);
        }

        return SessionLookupStatus.Found;
    }

    private SessionLookupStatus Refuse(SessionLookupStatus kind)
    {
        metrics.Refused(new SessionLookup(kind).Code);
        return kind;
    }

    /// <summary>The authenticated user, as far as authentication has run; null for an anonymous request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="owner">
    /// The user of the session in question; null for none. A request with several authenticated identities is the owner's if one of them is the
    /// owner, whatever their order.
    /// </param>
    public string? UserOf(HttpContext context, string? owner = null) =>
        context.Features.Find<IHttpAuthenticationFeature>()?.User is { } principal && RequestUsers.IsAuthenticated(principal) ? IdOf(principal, owner) : null;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private string? IdOf(ClaimsPrincipal principal, string? owner)
    {
        var user = RequestUsers.Find(principal, _claimType, owner);
        if (user is null && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.UserWithoutId(_claimType);
        }

        return user;
    }
}
