using System.Security.Claims;

namespace SessionLifetime.Http.Admission;

/// <summary>
/// Reads the users of a request from its principal. The framework admits a request if any identity of its principal is authenticated, so each of
/// them counts; an identity that is not authenticated names nobody.
/// </summary>
internal static class RequestUsers
{
    private const string Subject = "sub";

    /// <summary>Whether any identity is authenticated.</summary>
    public static bool IsAuthenticated(ClaimsPrincipal principal)
    {
        if (principal.Identity is { IsAuthenticated: true })
        {
            return true;
        }

        foreach (var identity in principal.Identities)
        {
            if (identity.IsAuthenticated)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The owner, if one of the authenticated identities is the owner; otherwise the principal's own identity first, then the others in their order.</summary>
    /// <param name="principal">The principal; one of its identities is authenticated.</param>
    /// <param name="claimType">The claim that tells users apart.</param>
    /// <param name="owner">The user of the session in question; null for none.</param>
    /// <returns>The user's id; null where no identity has one.</returns>
    public static string? Find(ClaimsPrincipal principal, string claimType, string? owner)
    {
        var first = principal.Identity is ClaimsIdentity { IsAuthenticated: true } own ? IdOf(own, principal, claimType) : null;
        if (first is not null && (owner is null || string.Equals(first, owner, StringComparison.Ordinal)))
        {
            return first;
        }

        foreach (var identity in principal.Identities)
        {
            if (identity.IsAuthenticated && IdOf(identity, principal, claimType) is { } id)
            {
                first ??= id;
                if (string.Equals(id, owner, StringComparison.Ordinal))
                {
                    return id;
                }
            }
        }

        return first;
    }

    /// <summary>
    /// The id of one identity. One without an id claim has those that a claims transformation adds to the principal in an identity of their own, which
    /// is not authenticated.
    /// </summary>
    private static string? IdOf(ClaimsIdentity identity, ClaimsPrincipal principal, string claimType)
    {
        var id = identity.FindFirst(claimType)?.Value ?? identity.FindFirst(Subject)?.Value ?? Added(principal, claimType) ?? identity.Name;
        return string.IsNullOrEmpty(id) ? null : id;
    }

    private static string? Added(ClaimsPrincipal principal, string claimType)
    {
        foreach (var identity in principal.Identities)
        {
            if (!identity.IsAuthenticated && (identity.FindFirst(claimType) ?? identity.FindFirst(Subject)) is { Value.Length: > 0 } claim)
            {
                return claim.Value;
            }
        }

        return null;
    }
}
