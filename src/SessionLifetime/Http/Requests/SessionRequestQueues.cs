using Microsoft.AspNetCore.Http;
using SessionLifetime.Cluster;
using SessionLifetime.Diagnostics;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Scheduling;
using SessionLifetime.Time;

namespace SessionLifetime.Http.Requests;

/// <summary>Lets requests to endpoints with <see cref="SerializePerSessionAttribute"/> pass one at a time per session, and answers those whose wait failed.</summary>
internal sealed class SessionRequestQueues(SessionMetrics metrics, ProcessClock clock, TimeProvider time, SharedTurns? shared = null)
{
    /// <summary>Whether the request has its turn already, and this is its error page.</summary>
    public static bool HasTurn(HttpContext context) => RequestState.Find(context) is { HasTurn: true };

    /// <summary>Ends the request's turn.</summary>
    /// <param name="state">The state of the request: its context may serve another one by now.</param>
    /// <param name="queue">The queue.</param>
    /// <param name="session">The session.</param>
    public void Leave(RequestState state, SessionRequestQueue queue, TabSession session)
    {
        state.HasTurn = false;
        PassOn(queue, session);
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
        if (turn == TurnResult.Taken && shared is not null)
        {
            turn = await TakeSharedAsync(shared, queue, context, session, timeout);
        }

        if (!state.IsOf(context))
        {
            // A middleware in front went on without this request, whose response is over.
            if (turn == TurnResult.Taken)
            {
                PassOn(queue, session);
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

    private void PassOn(SessionRequestQueue queue, TabSession session)
    {
        if (shared is null)
        {
            queue.PassOn();
        }
        else
        {
            shared.GiveBack(session.Entry, queue.PassOn);
        }
    }

    /// <summary>The turn within this process is taken: takes that among all nodes, or gives the former up.</summary>
    private static async ValueTask<TurnResult> TakeSharedAsync(
        SharedTurns shared, SessionRequestQueue queue, HttpContext context, TabSession session, TimeSpan timeout)
    {
        var isTaken = false;
        try
        {
            isTaken = await shared.TryTakeAsync(session.Entry, timeout, context.RequestAborted);
        }
        finally
        {
            if (!isTaken)
            {
                queue.PassOn();
            }
        }

        return isTaken ? TurnResult.Taken
            : session.Entry.IsEnded ? TurnResult.SessionEnded
            : context.RequestAborted.IsCancellationRequested ? TurnResult.GivenUp
            : TurnResult.Missed;
    }

    private async ValueTask<TurnResult> WaitAsync(SessionRequestQueue queue, HttpContext context, TabSession session, TimeSpan timeout)
    {
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, session.Ended);
        using var limit = new TimeLimit(timeout, time, clock);
        var turn = await queue.WaitAsync(limit, giveUp.Token);
        if (turn == TurnResult.Taken && (session.Entry.IsEnded || context.RequestAborted.IsCancellationRequested))
        {
            queue.PassOn();
            turn = TurnResult.GivenUp;
        }

        return turn == TurnResult.GivenUp && !context.RequestAborted.IsCancellationRequested ? TurnResult.SessionEnded : turn;
    }
}
