using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

/// <summary>What the calls of the protocol share: each finds its living session, or answers why there is none.</summary>
internal sealed class SessionCalls(SessionEngine engine, SessionFinder finder, SessionGuard guard)
{
    /// <summary>The living session of a call, by the id header alone; null when the answer has been written.</summary>
    public async ValueTask<SessionCall?> FindAsync(HttpContext context) => await LookAsync(context, await finder.FindAsync(context));

    /// <summary>As <see cref="FindAsync"/>, for a call that a browser without script may make by its cookie.</summary>
    public async ValueTask<SessionCall?> FindCallerAsync(HttpContext context) => await LookAsync(context, await finder.FindCallerAsync(context));

    /// <summary>Answers a call whose session is not there, or not for it.</summary>
    public Task RefuseAsync(HttpContext context, SessionFinding finding)
    {
        guard.CountRefusal(finding);
        if (finding.State is { } state)
        {
            context.Response.Headers[SessionHeaders.State] = state;
        }

        return SessionAnswers.WriteAsync(context, SessionProblem.Of(finding));
    }

    private async ValueTask<SessionCall?> LookAsync(HttpContext context, SessionFinding finding)
    {
        if (finding.Cell is { } cell)
        {
            var found = await engine.LookAndWaitAsync(cell);
            if (found != LookResult.Ended)
            {
                return new(cell, finding.Sent, found);
            }

            finding = SessionFinding.Ended(cell);
        }

        await RefuseAsync(context, finding);
        return null;
    }
}
