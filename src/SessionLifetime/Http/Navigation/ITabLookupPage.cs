using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Navigation;

/// <summary>The page that looks up the session of its tab, and loads the address anew with it.</summary>
internal interface ITabLookupPage
{
    /// <summary>Answers a navigation with it.</summary>
    Task WriteAsync(HttpContext context);
}
