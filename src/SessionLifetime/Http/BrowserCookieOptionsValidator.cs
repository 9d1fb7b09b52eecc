using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace SessionLifetime;

/// <summary>Refuses a cookie that browsers would refuse, or that scripts could read.</summary>
internal sealed class BrowserCookieOptionsValidator : IValidateOptions<BrowserCookieOptions>
{
    public ValidateOptionsResult Validate(string? name, BrowserCookieOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var cookie = options.Cookie;
        var faults = new List<string>();
        if (string.IsNullOrEmpty(cookie.Name) || cookie.Name.AsSpan().ContainsAnyExcept(SessionLifetimeOptionsValidator.Token))
        {
            faults.Add($"The browser cookie's Name must be a cookie name (RFC 6265, token); it is '{cookie.Name}'.");
        }

        if (!cookie.HttpOnly)
        {
            faults.Add("The browser cookie must be HttpOnly: a key that scripts can read protects nothing.");
        }

        var isSecure = cookie.SecurePolicy == CookieSecurePolicy.Always;
        if (cookie.SameSite == SameSiteMode.None && !isSecure)
        {
            faults.Add("The browser cookie with SameSite None must have SecurePolicy Always: browsers refuse it otherwise.");
        }

        if (cookie.Extensions.Contains("Partitioned", StringComparer.OrdinalIgnoreCase) && !isSecure)
        {
            faults.Add("The browser cookie that is Partitioned must have SecurePolicy Always: browsers refuse it otherwise.");
        }

        if (cookie.Name is { } prefixed && prefixed.StartsWith("__Host-", StringComparison.Ordinal) && (!isSecure || cookie.Domain is not null || cookie.Path is not "/"))
        {
            faults.Add("The browser cookie named __Host- must have SecurePolicy Always, Path \"/\" and no Domain: browsers refuse it otherwise.");
        }

        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
