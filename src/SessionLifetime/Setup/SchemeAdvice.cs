using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Setup;

/// <summary>Endpoints whose user the default authentication scheme does not know, since they name other schemes.</summary>
internal static class SchemeAdvice
{
    /// <summary>The first such endpoint; null where there is none.</summary>
    /// <param name="endpoints">The app's endpoints.</param>
    /// <param name="policies">The app's authorization policies; null where it has none.</param>
    /// <param name="defaultScheme">The scheme by which <c>UseAuthentication()</c> finds the user; null for none.</param>
    public static async Task<Endpoint?> FindAsync(IEnumerable<Endpoint> endpoints, IAuthorizationPolicyProvider? policies, string? defaultScheme)
    {
        foreach (var endpoint in endpoints)
        {
            var data = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>();
            var named = endpoint.Metadata.GetOrderedMetadata<AuthorizationPolicy>();
            var policy = policies is null || (data.Count == 0 && named.Count == 0)
                ? await FallbackAsync(endpoint, policies)
                : await AuthorizationPolicy.CombineAsync(policies, data, named);
            if (policy?.AuthenticationSchemes.Any(scheme => !string.Equals(scheme, defaultScheme, StringComparison.Ordinal)) == true)
            {
                return endpoint;
            }
        }

        return null;
    }

    private static async Task<AuthorizationPolicy?> FallbackAsync(Endpoint endpoint, IAuthorizationPolicyProvider? policies) =>
        policies is null || endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null ? null : await policies.GetFallbackPolicyAsync();
}
