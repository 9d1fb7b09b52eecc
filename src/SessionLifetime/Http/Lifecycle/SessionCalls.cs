using Microsoft.AspNetCore.Http;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>What the calls of the protocol share: each finds its living session, or answers why there is none.</summary>
internal sealed class SessionCalls(SessionEngine engine, SessionFinder finder, SessionGuard guard)
{
    /// <summary>The living session of a call, by the id header alone; null when the answer has been written.</summary>
    public async ValueTask<SessionCall?> FindAsync(HttpContext context) => await ApplyDueRulesAsync(context, await finder.FindAsync(context));

    /// <summary>As <see cref="FindAsync"/>, for a call that a browser without script may make by its cookie.</summary>
    public async ValueTask<SessionCall?> FindCallerAsync(HttpContext context) => await ApplyDueRulesAsync(context, await finder.FindCallerAsync(context));

    /// <summary>Answers a call whose session is not there, or not for it.</summary>
    public Task RefuseAsync(HttpContext context, SessionLookup lookup)
    {
        guard.CountRefusal(lookup);
        if (lookup.State is { } state)
        {
            context.Response.Headers[SessionHeaders.State] = state;
        }

        return SessionAnswers.WriteAsync(context, SessionProblem.Of(lookup));
    }

    private async ValueTask<SessionCall?> ApplyDueRulesAsync(HttpContext context, SessionLookup lookup)
    {
        if (lookup.Entry is { } entry)
        {
            var found = await engine.ApplyDueRulesAndWaitAsync(entry);
            if (found != DueRulesResult.Ended)
            {
                return new(entry, lookup.Sent, found);
            }

            lookup = SessionLookup.Ended(entry);
        }

        await RefuseAsync(context, lookup);
        return null;
    }
}
