using Microsoft.AspNetCore.Http;
using SessionLifetime.Configuration;

namespace SessionLifetime.Setup;

/// <summary>Settings that are allowed and make a stolen or forgotten session more dangerous.</summary>
internal static class TrustAdvice
{
    /// <summary>One sentence for each.</summary>
    /// <param name="options">The app's options.</param>
    /// <param name="cookie">The browser cookie.</param>
    /// <param name="signsIn">Whether the app has authentication schemes.</param>
    /// <param name="isDevelopment">Whether the app runs in development.</param>
    public static IEnumerable<string> For(SessionLifetimeOptions options, CookieBuilder cookie, bool signsIn, bool isDevelopment)
    {
        if (options.BrowserBinding == BrowserBinding.Off)
        {
            yield return "BrowserBinding is Off: whoever gets hold of a session's id has the session. Set it to WhenPossible, unless browsers cannot send cookies.";
        }
        else if (cookie.SecurePolicy == CookieSecurePolicy.None && !isDevelopment)
        {
            yield return "The browser cookie's SecurePolicy is None: anybody on the way can read the key. Set it to SameAsRequest or Always.";
        }

        if (signsIn && options.AbsoluteTimeout is null)
        {
            yield return "AbsoluteTimeout is not set, and users sign in: a session that is kept busy never asks who is there (OWASP ASVS 5, 7.3.2). Set it, to 08:00:00 for example.";
        }
    }
}
