using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace SessionLifetime.HttpSession;

/// <summary>Gives each request its <c>HttpContext.Session</c>. In the pipeline only where <c>AddHttpSession()</c> was called.</summary>
internal sealed class HttpSessionMiddleware(RequestDelegate next, HttpSessionFactory sessions)
{
    public Task InvokeAsync(HttpContext context)
    {
        // An error page runs the pipeline a second time.
        if (context.Features.Get<ISessionFeature>() is not TabHttpSession)
        {
            context.Features.Set<ISessionFeature>(new TabHttpSession(sessions, context));
        }

        return next(context);
    }
}
