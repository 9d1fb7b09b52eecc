using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Configuration;

/// <summary>The cookie that holds the key of a browser.</summary>
internal sealed class BrowserCookieOptions
{
    public CookieBuilder Cookie { get; } = new()
    {
        Name = "SessionLifetime.Browser",
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        SecurePolicy = CookieSecurePolicy.SameAsRequest,

        // The longest a browser keeps one (RFC 6265bis, section 5.5).
        MaxAge = TimeSpan.FromDays(400),

        // It protects its user, and follows nobody: no consent is needed for it.
        IsEssential = true,
    };
}
