using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;

namespace SessionLifetime.Http.Requests;

/// <summary>Lets requests to endpoints with <see cref="SerializePerSessionAttribute"/> pass one at a time per session, and answers those whose wait failed.</summary>
internal sealed class SessionRequestQueues(SessionMetrics metrics, TimeProvider time)
{
    /// <summary>Whether the request has its turn already, and this is its error page.</summary>
    public static bool HasTurn(HttpContext context) => RequestState.Find(context) is { HasTurn: true };

    /// <summary>Ends the request's turn.</summary>
    /// <param name="state">The state of the request: its context may serve another one by now.</param>
    /// <param name="queue">The queue.</param>
    public static void Leave(RequestState state, SessionRequestQueue queue)
    {
        state.HasTurn = false;
        queue.PassOn();
    }

    /// <summary>Waits for the request's turn. Where the wait times out, or the client has gone, the answer is written.</summary>
    /// <returns>The result, and the queue to leave; null where the turn was not taken.</returns>
    public async ValueTask<(TurnResult Turn, SessionRequestQueue? Queue)> EnterAsync(HttpContext context, TabSession session, TimeSpan timeout)
    {
        if (session.Owned.Part<SessionRequestQueue>() is not { } queue)
        {
            return (TurnResult.SessionEnded, null);
        }

        var state = RequestState.GetOrAdd(context);
        var turn = queue.TryEnter() ? TurnResult.Taken : await WaitAsync(queue, context, session, timeout);
        if (!state.IsOf(context))
        {
            // A middleware in front went on without this request, whose response is over.
            if (turn == TurnResult.Taken)
            {
                queue.PassOn();
            }

            return (TurnResult.GivenUp, null);
        }

        switch (turn)
        {
            case TurnResult.Taken:
                state.HasTurn = true;
                break;
            case TurnResult.Missed:
                metrics.Refused("busy");
                await SessionAnswers.WriteAsync(context, SessionProblem.Busy(timeout));
                break;
            case TurnResult.GivenUp:
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                break;
        }

        return (turn, turn == TurnResult.Taken ? queue : null);
    }

    private async ValueTask<TurnResult> WaitAsync(SessionRequestQueue queue, HttpContext context, TabSession session, TimeSpan timeout)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Ended);
        var turn = await queue.WaitAsync(timeout, time, giveUp.Token);
        if (turn == TurnResult.Taken && (session.Entry.IsEnded || context.RequestAborted.IsCancellationRequested))
        {
            queue.PassOn();
            turn = TurnResult.GivenUp;
        }

        return turn == TurnResult.GivenUp && !context.RequestAborted.IsCancellationRequested ? TurnResult.SessionEnded : turn;
    }
}
