using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Answers;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Answers 503 where the store of the sessions does not answer and has to, also where that is found when the answer starts. In the pipeline only where sessions
/// are in a store.
/// </summary>
internal sealed class StoreFailureMiddleware(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var start = AnswerStart.Begin(context);
        try
        {
            await next(context);
        }
        catch (SessionStoreUnavailableException) when (!context.Response.HasStarted)
        {
            start.GiveUp();
            context.Response.Clear();
            await SessionAnswers.WriteAsync(context, SessionProblem.StoreAway);
        }
        catch
        {
            // The answer is somebody else's, and says that something failed.
            start.GiveUp();
            throw;
        }
        finally
        {
            start.End(context);
        }
    }
}
