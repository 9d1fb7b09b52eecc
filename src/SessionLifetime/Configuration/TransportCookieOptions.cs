using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Configuration;

/// <summary>The cookie that holds a session's id, for browsers without script.</summary>
internal sealed class TransportCookieOptions
{
    public CookieBuilder Cookie { get; } = new()
    {
        Name = "SessionLifetime.Session",
        HttpOnly = true,
        SameSite = SameSiteMode.Lax,
        SecurePolicy = CookieSecurePolicy.SameAsRequest,

        // Without it the app does not work in such a browser: no consent is needed for it.
        IsEssential = true,
    };
}
