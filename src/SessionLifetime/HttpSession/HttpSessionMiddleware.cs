using Microsoft.AspNetCore.Http;

namespace SessionLifetime.HttpSession;

/// <summary>Gives each request its <c>HttpContext.Session</c>. In the pipeline only where <c>AddHttpSession()</c> was called.</summary>
internal sealed class HttpSessionMiddleware(RequestDelegate next, HttpSessionFactory sessions)
{
    public Task InvokeAsync(HttpContext context)
    {
        sessions.Set(context);
        return next(context);
    }
}
