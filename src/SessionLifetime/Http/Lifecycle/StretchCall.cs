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
        var isAlive = lookup.Entry is { } entry && await engine.ApplyDueRulesAndWaitAsync(entry) != DueRulesResult.Ended;
        if (isAlive && !RequestClassification.HasSpeculativePurpose(context.Request))
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
