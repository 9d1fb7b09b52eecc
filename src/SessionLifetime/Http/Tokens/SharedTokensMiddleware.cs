using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Tokens;

/// <summary>Brings the one-time tokens that a request carries here before anybody looks at them. In the pipeline only where sessions are in a store.</summary>
internal sealed class SharedTokensMiddleware(RequestDelegate next, OneTimeTokens tokens, IEnumerable<ITokenCarrier> carriers)
{
    private readonly ITokenCarrier[] _carriers = [.. carriers];

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Features.Find<IHttpRequestFeature>()!;
        foreach (var carrier in _carriers)
        {
            if (carrier.MayCarry(request))
            {
                return ImportAsync(context);
            }
        }

        return next(context);
    }

    private async Task ImportAsync(HttpContext context)
    {
        foreach (var carrier in _carriers)
        {
            foreach (var token in carrier.TokensOf(context.Request))
            {
                await tokens.ImportAsync(carrier.Purpose, token, context.Request);
            }
        }

        await next(context);
    }
}
