using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Answers;
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
        AnswerStart.Add(context, writes.WhenWrittenAsync);

        // And what is begun while it starts.
        context.Response.OnStarting(static state => ((PendingWrites)state).AnswerStartsAsync().AsTask(), writes);
        foreach (var carrier in carriers)
        {
            foreach (var token in carrier.TokensOf(context.Request))
            {
                await tokens.ImportAsync(carrier.Purpose, token, context.Request);
            }
        }

        try
        {
            await next(context);
            await writes.WhenWrittenAsync();
        }
        catch
        {
            writes.GiveUp();
            throw;
        }
    }
}
