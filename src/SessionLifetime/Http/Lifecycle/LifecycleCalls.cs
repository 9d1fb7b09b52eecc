using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Reading;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>What the lifecycle calls share: finding the living session, and the answers.</summary>
internal sealed class LifecycleCalls(SessionEngine engine, SessionFinder finder, SessionGuard guard, SessionMetrics metrics)
{
    /// <summary>The living session of a call, by the id header alone; null where the call was refused, and the answer is written.</summary>
    public async ValueTask<LifecycleRequest?> FindAsync(HttpContext context) => await LookAsync(context, await finder.FindAsync(context), isDecidedLater: false);

    /// <summary>As <see cref="FindAsync"/>, for a call that a browser without script may make by its cookie.</summary>
    /// <param name="context">The call.</param>
    /// <param name="isDecidedLater">Whether the call counts a signal or ends the session, which finds out whether it lives.</param>
    public async ValueTask<LifecycleRequest?> FindCallerAsync(HttpContext context, bool isDecidedLater) =>
        await LookAsync(context, await finder.FindCallerAsync(context), isDecidedLater);

    /// <summary>Answers a call that has no living session.</summary>
    public Task RefuseAsync(HttpContext context, SessionLookup lookup)
    {
        guard.CountRefusal(lookup);
        if (lookup.State is { } state)
        {
            context.Response.Headers[SessionHeaders.State] = state;
        }

        return SessionAnswers.WriteAsync(context, SessionProblem.Of(lookup));
    }

    /// <summary>Answers a call whose body is wrong.</summary>
    public Task RefuseBodyAsync(HttpContext context, SessionProblem problem)
    {
        metrics.Refused("body");
        return SessionAnswers.WriteAsync(context, problem);
    }

    /// <summary>Answers with the status, and with the newer id where there is one.</summary>
    public Task AnswerAsync(HttpContext context, LifecycleRequest request, bool withNewerId) =>
        AnswerAsync(context, request.Entry, request.Found, StatusCodes.Status200OK, answer => answer with
        {
            Id = withNewerId ? request.NewerId?.Reveal() : null,
        });

    /// <summary>Answers with the status of a session.</summary>
    /// <param name="context">The call.</param>
    /// <param name="entry">The session.</param>
    /// <param name="found">The result of applying the rules that were due.</param>
    /// <param name="status">The HTTP status.</param>
    /// <param name="complete">Adds what the call answers more than the status.</param>
    /// <param name="hasAttached">
    /// Whether the call has attached a page. Its session may end before the answer, displaced by the next tab for example: the call has done all the same
    /// what it answers, and the page hears of the end by its next call, for which it is told to come soon.
    /// </param>
    public Task AnswerAsync(
        HttpContext context,
        SessionEntry entry,
        DueRulesResult found,
        int status,
        Func<StatusAnswer, StatusAnswer> complete,
        bool hasAttached = false)
    {
        var seen = engine.StatusOf(entry);
        if (seen.State == SessionState.Ended && hasAttached)
        {
            return SessionAnswers.WriteAsync(context, status, complete(StatusAnswer.Of(entry, seen with { State = SessionState.Active }, stillAsked: true)));
        }

        return seen.State == SessionState.Ended
            ? RefuseAsync(context, SessionLookup.Ended(entry))
            : SessionAnswers.WriteAsync(context, status, complete(StatusAnswer.Of(entry, seen, stillAsked: found == DueRulesResult.Asked)));
    }

    private async ValueTask<LifecycleRequest?> LookAsync(HttpContext context, SessionLookup lookup, bool isDecidedLater)
    {
        if (lookup.Entry is { } entry)
        {
            var found = isDecidedLater ? await engine.ApplyDueRulesAndWaitAsync(entry) : await engine.LookAsync(entry);
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
