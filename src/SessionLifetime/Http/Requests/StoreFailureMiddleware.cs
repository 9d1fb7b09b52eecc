using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Answers;

namespace SessionLifetime.Http.Requests;

/// <summary>Answers 503 where the store of the sessions does not answer and has to. In the pipeline only where sessions are in a store.</summary>
internal sealed class StoreFailureMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (SessionStoreUnavailableException) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await SessionAnswers.WriteAsync(context, SessionProblem.StoreAway);
        }
    }
}
