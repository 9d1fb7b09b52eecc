using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Answers;

namespace SessionLifetime.Http.Requests;

/// <summary>
/// Lets an answer wait until what its request has begun to write is in the store, and answers 503 where the store of the sessions does not answer and has to, also
/// where that is found when the answer starts. In the pipeline only where sessions are in a store.
/// </summary>
/// <remarks>The usual request runs without a state machine.</remarks>
internal sealed class StoreFailureMiddleware(RequestDelegate next)
{
    public Task InvokeAsync(HttpContext context)
    {
        // As an asynchronous method does: what the request sets in its flow is not the caller's.
        var flow = ExecutionContext.Capture();
        var start = AnswerStart.Begin(context);
        var serving = RunAsync(context);
        if (serving.IsCompletedSuccessfully && start.IsEmpty)
        {
            start.End(context);
        }
        else
        {
            serving = FinishAsync(context, serving, start);
        }

        if (flow is not null)
        {
            ExecutionContext.Restore(flow);
        }

        return serving;
    }

    /// <summary>What is thrown instead of returned is returned, too.</summary>
    private Task RunAsync(HttpContext context)
    {
        try
        {
            return next(context);
        }
        catch (Exception exception)
        {
            return Task.FromException(exception);
        }
    }

    private static async Task FinishAsync(HttpContext context, Task serving, AnswerStart start)
    {
        try
        {
            await serving;
            await start.WhenWrittenAsync();
        }
        catch (SessionStoreUnavailableException) when (!context.Response.HasStarted)
        {
            start.Stop();
            context.Response.Clear();
            await SessionAnswers.WriteAsync(context, SessionProblem.StoreAway);
        }
        catch
        {
            // The answer is somebody else's, and says that something failed.
            start.Stop();
            throw;
        }
        finally
        {
            start.End(context);
        }
    }
}
