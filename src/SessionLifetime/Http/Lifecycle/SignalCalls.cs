using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Reading;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>POST {p}/ping</c> and <c>POST {p}/activity</c>: the browser is alive, or its user is active.</summary>
/// <remarks>The session is found after the body has arrived, however slowly: the answer includes the rules that became due meanwhile.</remarks>
internal sealed class SignalCalls(LifecycleCalls calls, SessionEngine engine, SessionFinder finder, SessionMetrics metrics)
{
    /// <summary>An alive signal, which may say how long the user has been idle, or be a stretch.</summary>
    public async Task PingAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false);
        if (await calls.FindCallerAsync(context, isDecidedLater: true) is not { } request)
        {
            return;
        }

        var stretches = body.Flag("stretch") && engine.Options.AllowStretch;
        var signal = new SignalReport { IdleFor = body.Age("idleMs"), IsStretch = stretches };
        if (await CountAsync(context, request, body, signal, stretches ? "stretch" : "ping"))
        {
            if (stretches)
            {
                await SlidingSignIn.RenewAsync(context);
            }

            await calls.AnswerAsync(context, request, withNewerId: true);
        }
    }

    /// <summary>The user was active, now or some time ago.</summary>
    public async Task ActivityAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false);
        if (await calls.FindCallerAsync(context, isDecidedLater: true) is not { } request)
        {
            return;
        }

        var signal = new SignalReport { IdleFor = body.Age("idleMs") ?? TimeSpan.Zero };
        if (await CountAsync(context, request, body, signal, "activity"))
        {
            await calls.AnswerAsync(context, request, withNewerId: true);
        }
    }

    /// <summary>Counts the signal. False when the call was refused, and the answer is written.</summary>
    private async ValueTask<bool> CountAsync(HttpContext context, LifecycleRequest request, LifecycleBody body, SignalReport signal, string kind)
    {
        if (body.Problem is { } problem)
        {
            await calls.RefuseBodyAsync(context, problem);
            return false;
        }

        if (RequestClassification.HasSpeculativePurpose(context.Request))
        {
            return true;
        }

        metrics.SignalCounted(kind);
        var page = finder.PageOf(context.RequestHeaders());
        var isOfLeftPage = request.Entry.IsArmed && request.Entry.IsArmedBy(page);
        if (!await engine.TryCountAsync(request.Entry, isOfLeftPage ? signal with { DisarmsNothing = true } : signal))
        {
            await calls.RefuseAsync(context, SessionLookup.Ended(request.Entry));
            return false;
        }

        if (!page.IsNone)
        {
            request.Entry.HeardPage(page, engine.Directory.Now);
        }

        return true;
    }
}
