using Microsoft.AspNetCore.Http;
using SessionLifetime.Engine;
using SessionLifetime.Http.Answers;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>POST {p}/exit</c>: ends the session.</summary>
internal sealed class ExitCall(LifecycleCalls calls, SessionEngine engine)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (await calls.FindCallerAsync(context, isDecidedLater: true) is { } request)
        {
            await engine.EndAndWaitAsync(request.Entry, SessionEndReason.Exited);
            SessionAnswers.WriteNothing(context);
        }
    }
}
