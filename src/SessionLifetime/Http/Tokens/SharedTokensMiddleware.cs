using Microsoft.AspNetCore.Http;
using SessionLifetime.Scheduling;

namespace SessionLifetime.Http.Tokens;

/// <summary>
/// Brings the one-time tokens that a request carries here before anybody looks at them, and lets its answer wait until what it has begun to write is in the store. In
/// the pipeline only where sessions are in a store.
/// </summary>
internal sealed class SharedTokensMiddleware(RequestDelegate next, OneTimeTokens tokens, IEnumerable<ITokenCarrier> carriers)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var writes = PendingWrites.Begin();
        context.Response.OnStarting(static state => PendingWrites.WhenWrittenAsync((List<Task>)state), writes);
        foreach (var carrier in carriers)
        {
            foreach (var token in carrier.TokensOf(context.Request))
            {
                await tokens.ImportAsync(carrier.Purpose, token, context.Request);
            }
        }

        await next(context);
        await PendingWrites.WhenWrittenAsync(writes);
    }
}
