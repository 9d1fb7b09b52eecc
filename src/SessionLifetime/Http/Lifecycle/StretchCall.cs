using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>GET {p}/stretch</c>: the page that reloads itself, for browsers without script.</summary>
internal sealed class StretchCall(SessionEngine engine, SessionFinder finder, SessionMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var lookup = await finder.FindCallerAsync(context);
        var isSpeculative = RequestClassification.HasSpeculativePurpose(context.Request);
        var isAlive = lookup.Entry is { } entry
            && (isSpeculative ? await engine.LookAsync(entry) : await engine.ApplyDueRulesAndWaitAsync(entry)) != DueRulesResult.Ended;
        if (isAlive && !isSpeculative)
        {
            metrics.SignalCounted("stretch");
            isAlive = await engine.TryCountAsync(lookup.Entry!, new SignalReport { IsStretch = engine.Options.AllowStretch });
            if (isAlive && engine.Options.AllowStretch)
            {
                await SlidingSignIn.RenewAsync(context);
            }
        }

        await StretchPage.WriteAsync(context, interval: isAlive ? engine.Options.StretchInterval : null);
    }
}
