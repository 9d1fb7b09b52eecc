using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Configuration;

/// <summary>What every cookie of ours must be, however the app configures it: accepted by browsers, unseen by scripts.</summary>
internal static class CookieRules
{
    public static IEnumerable<string> Faults(string what, CookieBuilder cookie)
    {
        if (string.IsNullOrEmpty(cookie.Name) || cookie.Name.AsSpan().ContainsAnyExcept(SessionLifetimeOptionsValidator.Token))
        {
            yield return $"The {what}'s Name must be a cookie name (RFC 6265, token); it is '{cookie.Name}'.";
        }

        if (!cookie.HttpOnly)
        {
            yield return $"The {what} must be HttpOnly: a key that scripts can read protects nothing.";
        }

        var isSecure = cookie.SecurePolicy == CookieSecurePolicy.Always;
        if (cookie.SameSite == SameSiteMode.None && !isSecure)
        {
            yield return $"The {what} with SameSite None must have SecurePolicy Always: browsers refuse it otherwise.";
        }

        if (cookie.Extensions.Contains("Partitioned", StringComparer.OrdinalIgnoreCase) && !isSecure)
        {
            yield return $"The {what} that is Partitioned must have SecurePolicy Always: browsers refuse it otherwise.";
        }

        if (cookie.Name is { } prefixed && prefixed.StartsWith("__Host-", StringComparison.Ordinal) && (!isSecure || cookie.Domain is not null || cookie.Path is not "/"))
        {
            yield return $"The {what} named __Host- must have SecurePolicy Always, Path \"/\" and no Domain: browsers refuse it otherwise.";
        }
    }

    /// <summary>Builds it for a request: for the path, which is the app's path base, unless the app says otherwise.</summary>
    public static CookieOptions For(CookieBuilder cookie, HttpContext context, string path)
    {
        var built = cookie.Build(context);
        built.Path = cookie.Path ?? path;
        return built;
    }

    public static string PathOf(HttpRequest request) => request.PathBase.HasValue ? request.PathBase.Value! : "/";
}
