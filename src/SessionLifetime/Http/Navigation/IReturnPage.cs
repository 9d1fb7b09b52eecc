using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Navigation;

/// <summary>The page that asks a tab for its session, and then loads the address it stands for.</summary>
internal interface IReturnPage
{
    Task WriteAsync(HttpContext context);
}
