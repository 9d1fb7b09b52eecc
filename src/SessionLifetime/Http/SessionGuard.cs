using System.Runtime.CompilerServices;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace SessionLifetime;

/// <summary>
/// Admits a request to the session its id names: only from the browser the session belongs to, and to nobody but the user it belongs to.
/// Who is refused has not touched it. The first browser and the first user it meets are those it belongs to.
/// </summary>
internal sealed class SessionGuard(
    SessionEngine engine,
    BrowserCookie cookie,
    SessionMetrics metrics,
    IOptions<SessionLifetimeOptions> options,
    ILogger<SessionGuard> logger)
{
    private readonly BrowserBinding _binding = options.Value.BrowserBinding;
    private readonly string _claimType = options.Value.UserClaimType;
    private readonly ConditionalWeakTable<SessionCell, StrongBox<BrowserKey>> _handed = [];
    private int _hasWarned;

    /// <summary>Whether the session belongs to this browser and this user already, and has no other secret. False says nothing.</summary>
    public bool AdmitsAtOnce(HttpContext context, IHeaderDictionary headers, SessionCell cell) =>
        cell.Rotated is null && Owns(headers, cell, UserOf(context));

    public ValueTask<SessionFinding> AdmitAsync(HttpContext context, IHeaderDictionary headers, SessionFinding finding)
    {
        var user = UserOf(context);
        return Owns(headers, finding.Cell!, user)
            ? new(Admitted(finding))
            : AdmitSlowlyAsync(context, finding, finding.Cell!.Owner, user);
    }

    private bool Owns(IHeaderDictionary headers, SessionCell cell, string? user) =>
        (_binding == BrowserBinding.Off || (cell.IsBound && cookie.Carries(headers, cell.Browser)))
        && (user is null || string.Equals(cell.User, user, StringComparison.Ordinal));

    /// <summary>Whose a session is from the start, as far as the request tells. The browser is set its cookie, new or for another while.</summary>
    /// <param name="context">The request.</param>
    /// <param name="handed">The key in that cookie; none where there is no binding.</param>
    public SessionOwner Welcome(HttpContext context, out BrowserKey handed)
    {
        var key = handed = BrowserKey.None;
        if (_binding != BrowserBinding.Off)
        {
            // A new key is not known to have arrived: tabs that open together are all given one, and the browser keeps the last.
            key = cookie.Read(context.Request);
            handed = key.IsNone ? BrowserKey.Create() : key;
            cookie.Hand(context, handed);
        }

        var user = UserOf(context);
        return new SessionOwner(key, user);
    }

    /// <summary>The key that was handed out together with the cookie of a new session.</summary>
    public void Handed(SessionCell cell, BrowserKey key) => _handed.AddOrUpdate(cell, new(key));

    /// <summary>
    /// Whether a cookie may lead a request to a session: not to one that belongs to no browser yet, unless it was given to this one. A cookie
    /// can be planted by another site of the same domain.
    /// </summary>
    public bool IsGivenTo(IHeaderDictionary headers, SessionCell cell) =>
        _binding == BrowserBinding.Off || cell.IsBound || (_handed.TryGetValue(cell, out var key) && cookie.Carries(headers, key.Value));

    /// <summary>The browser said hello again: its cookie is good for another while.</summary>
    public void WelcomeBack(HttpContext context, SessionCell cell)
    {
        if (_binding == BrowserBinding.Off)
        {
            return;
        }

        // Only what it has, or what nobody has: the session may have been bound to another browser while this one was waiting.
        var bound = cell.Browser;
        var key = !bound.IsNone && cookie.Carries(context.Request.Headers, bound) ? bound : cookie.Read(context.Request);
        if (bound.IsNone || !key.IsNone)
        {
            cookie.Hand(context, key.IsNone ? BrowserKey.Create() : key);
        }
    }

    private async ValueTask<SessionFinding> AdmitSlowlyAsync(HttpContext context, SessionFinding finding, SessionOwner owner, string? user)
    {
        var key = BrowserKey.None;
        if (_binding != BrowserBinding.Off)
        {
            key = owner.Browser.IsNone ? cookie.Read(context.Request) : owner.Browser;
            if (key.IsNone && _binding == BrowserBinding.Required)
            {
                return Refuse(SessionFindingKind.NoBrowser);
            }

            if (!owner.Browser.IsNone && !cookie.Carries(context.Request.Headers, key))
            {
                return Refuse(SessionFindingKind.WrongBrowser);
            }
        }

        if (user is not null && owner.User is not null && !string.Equals(owner.User, user, StringComparison.Ordinal))
        {
            return Refuse(SessionFindingKind.WrongUser);
        }

        var cell = finding.Cell!;
        var isSpeculative = Speculation.IsSpeculative(context.Request);
        if ((key == owner.Browser && (user is null || owner.User is not null)) || cell.IsEnded || isSpeculative)
        {
            if (key.IsNone && _binding != BrowserBinding.Off)
            {
                metrics.ServedUnbound();
            }

            return isSpeculative ? finding : Admitted(finding);
        }

        return await engine.Ownership.ClaimAsync(cell, key, user) switch
        {
            SessionAddition.UserFull => Refuse(SessionFindingKind.UserFull),
            SessionAddition.BrowserFull => Refuse(SessionFindingKind.BrowserFull),

            // Somebody else may have been faster: now it belongs to somebody.
            _ => cell.IsEnded ? finding : await AdmitAsync(context, context.RequestHeaders(), finding),
        };
    }

    /// <summary>As <see cref="AdmitAsync"/>, for a user who became known after the request was admitted as nobody's.</summary>
    public async ValueTask<SessionFinding> AdmitLateAsync(SessionCell cell, string user)
    {
        if (cell.User is null && await engine.Ownership.ClaimAsync(cell, BrowserKey.None, user) == SessionAddition.UserFull)
        {
            return Refuse(SessionFindingKind.UserFull);
        }

        return cell.IsEnded || string.Equals(cell.User, user, StringComparison.Ordinal)
            ? new(SessionFindingKind.Found, cell)
            : Refuse(SessionFindingKind.WrongUser);
    }

    /// <summary>Counts an answer that turns a request away. Those the guard itself refuses it has counted already, answered so or not.</summary>
    public void CountRefusal(SessionFinding finding)
    {
        if (finding.Kind is SessionFindingKind.Ended or SessionFindingKind.Unknown or SessionFindingKind.Missing)
        {
            metrics.Refused(finding.State ?? "missing");
        }
        else if (finding.Kind == SessionFindingKind.WrongConnection)
        {
            metrics.Refused(SessionProblem.WrongConnection.Code);
        }
    }

    /// <summary>Only now: a new id is not used by who is refused.</summary>
    private SessionFinding Admitted(SessionFinding finding)
    {
        if (finding.Cell!.Rotated is not null)
        {
            engine.Store.Used(finding.Cell, finding.Sent);
        }

        return finding;
    }

    private SessionFinding Refuse(SessionFindingKind kind)
    {
        var finding = new SessionFinding(kind);
        metrics.Refused(SessionProblem.Of(finding).Code);
        return finding;
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
