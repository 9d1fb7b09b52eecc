using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Answers;
using SessionLifetime.Scheduling;

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
        var before = PendingWrites.Current;
        var writes = PendingWrites.Begin();
        var start = AnswerStart.Begin(context, writes);
        var serving = RunAsync(context);
        if (serving.IsCompletedSuccessfully && writes.IsEmpty)
        {
            start.End(context);
        }
        else
        {
            serving = FinishAsync(context, serving, start, writes);
        }

        PendingWrites.Current = before;
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

    private static async Task FinishAsync(HttpContext context, Task serving, AnswerStart start, PendingWrites writes)
    {
        try
        {
            await serving;
            await writes.WhenWrittenAsync();
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
