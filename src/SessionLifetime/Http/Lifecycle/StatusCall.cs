using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>GET {p}</c>: reads the status and touches nothing.</summary>
internal sealed class StatusCall(LifecycleCalls calls)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (await calls.FindCallerAsync(context, isDecidedLater: false) is { } request)
        {
            await calls.AnswerAsync(context, request, withNewerId: false);
        }
    }
}
