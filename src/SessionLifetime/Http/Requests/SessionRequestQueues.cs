using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Answers;

namespace SessionLifetime.Http.Requests;

/// <summary>Lets the requests of a session that are marked so through one at a time, and answers those that cannot wait any more.</summary>
internal sealed class SessionRequestQueues(SessionMetrics metrics, TimeProvider time)
{
    /// <summary>Whether the request has its turn already: an error page that stands for it must not wait for it.</summary>
    public static bool HasTurn(HttpContext context) => context.Features.Get<SessionRequestQueue>() is not null;

    public static void Leave(HttpContext context)
    {
        var turns = context.Features.Get<SessionRequestQueue>();
        context.Features.Set<SessionRequestQueue>(null);
        turns?.PassOn();
    }

    /// <summary>Waits for the request's turn. Where it is missed, or the client has gone, the answer is given.</summary>
    public async ValueTask<TurnResult> EnterAsync(HttpContext context, TabSession session, TimeSpan timeout)
    {
        if (session.Owned.Part<SessionRequestQueue>() is not { } turns)
        {
            return TurnResult.SessionEnded;
        }

        var turn = turns.TryEnter() ? TurnResult.Taken : await WaitAsync(turns, context, session, timeout);
        switch (turn)
        {
            case TurnResult.Taken:
                context.Features.Set(turns);
                break;
            case TurnResult.Missed:
                metrics.Refused("busy");
                await SessionAnswers.WriteAsync(context, SessionProblem.Busy(timeout));
                break;
            case TurnResult.GivenUp:
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                break;
        }

        return turn;
    }

    private async ValueTask<TurnResult> WaitAsync(SessionRequestQueue turns, HttpContext context, TabSession session, TimeSpan timeout)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Ended);
        var turn = await turns.WaitAsync(timeout, time, giveUp.Token);
        if (turn == TurnResult.Taken && (session.Entry.IsEnded || context.RequestAborted.IsCancellationRequested))
        {
            turns.PassOn();
            turn = TurnResult.GivenUp;
        }

        return turn == TurnResult.GivenUp && !context.RequestAborted.IsCancellationRequested ? TurnResult.SessionEnded : turn;
    }
}
