using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace SessionLifetime;

/// <summary>
/// The calls of the browser module (contract, section 7): each finds its session, applies what is due, waits a moment for timeout
/// handlers that are being asked, does its work, and answers with the status.
/// </summary>
internal sealed class LifecycleEndpoints(
    SessionEngine engine,
    SessionArrivals arrivals,
    SessionFinder finder,
    SessionMetrics metrics,
    ILogger<LifecycleEndpoints> logger)
{
    private int _hasWarned;

    /// <summary>A page says hello: <c>POST {p}/attach</c>.</summary>
    public async Task AttachAsync(HttpContext context)
    {
        WarnOfMissingMiddleware(context);
        if (Speculation.IsSpeculative(context.Request))
        {
            SessionAnswers.WriteNothing(context);
            return;
        }

        using var body = await LifecycleBody.ReadAsync(context, isRequired: true);
        var page = body.Page("page", isRequired: body.Problem is null);
        var tab = body.Page("tab", isRequired: false);
        if (body.Problem is { } problem)
        {
            await RefuseBodyAsync(context, problem);
            return;
        }

        var finding = await finder.FindAsync(context);
        if (finding.Cell is { } cell)
        {
            if (await TryResumeAsync(context, cell, page, tab))
            {
                return;
            }

            finding = Ended(cell);
        }

        await StartAsync(context, page, tab, finding);
    }

    /// <summary>Reads the status and touches nothing: <c>GET {p}</c>.</summary>
    public async Task StatusAsync(HttpContext context)
    {
        if (await FindAsync(context) is var (cell, found))
        {
            await AnswerAsync(context, cell, found);
        }
    }

    /// <summary>An alive signal, which may say how long the user has been idle, or stretch: <c>POST {p}/ping</c>.</summary>
    public async Task PingAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false);

        // Looked at after the body has come, however slowly: what is due meanwhile is part of the answer.
        if (await FindAsync(context) is not var (cell, found))
        {
            return;
        }

        var stretches = body.Flag("stretch") && engine.Options.AllowStretch;
        var signal = new Signal { IdleFor = body.IdleFor(), IsStretch = stretches };
        if (await CountAsync(context, cell, body, signal, stretches ? "stretch" : "ping"))
        {
            if (stretches)
            {
                await SlidingSignIn.RenewAsync(context);
            }

            await AnswerAsync(context, cell, found);
        }
    }

    /// <summary>The user was active, just now or a while ago: <c>POST {p}/activity</c>.</summary>
    public async Task ActivityAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false);

        // Looked at after the body has come, however slowly: what is due meanwhile is part of the answer.
        if (await FindAsync(context) is not var (cell, found))
        {
            return;
        }

        var signal = new Signal { IdleFor = body.IdleFor() ?? TimeSpan.Zero };
        if (await CountAsync(context, cell, body, signal, "activity"))
        {
            await AnswerAsync(context, cell, found);
        }
    }

    /// <summary>Ends the session: <c>POST {p}/exit</c>.</summary>
    public async Task ExitAsync(HttpContext context)
    {
        if (await FindAsync(context) is var (cell, _))
        {
            await engine.ExitAsync(cell, SessionEndReason.Exited);
            SessionAnswers.WriteNothing(context);
        }
    }

    /// <summary>A page says good-bye, usually as a beacon, which has no headers and hears no answer: <c>POST {p}/detach</c>.</summary>
    public async Task DetachAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false, anyType: true);
        var finding = body.Text("id") is { } id
            ? await finder.FindAsync(id, context.RequestAborted)
            : await finder.FindAsync(context);
        if (finding.Cell is { } cell && body.Problem is null && !Speculation.IsSpeculative(context.Request))
        {
            metrics.SignalCounted("detach");
            await arrivals.DetachAsync(cell, body.Page("page", isRequired: false), body.Flag("persisted"));
        }

        SessionAnswers.WriteNothing(context);
    }

    /// <summary>The page that refreshes itself, for browsers without script: <c>GET {p}/stretch</c>.</summary>
    public async Task StretchAsync(HttpContext context)
    {
        var finding = await finder.FindAsync(context);
        var lives = finding.Cell is { } cell && await engine.LookAndWaitAsync(cell) != LookResult.Ended;
        if (lives && !Speculation.IsSpeculative(context.Request))
        {
            metrics.SignalCounted("stretch");
            lives = await engine.TryCountAsync(finding.Cell!, new Signal { IsStretch = engine.Options.AllowStretch });
            if (lives && engine.Options.AllowStretch)
            {
                await SlidingSignIn.RenewAsync(context);
            }
        }

        await StretchPage.WriteAsync(context, refreshes: lives);
    }

    private static SessionFinding Ended(SessionCell cell) => new(SessionFindingKind.Ended, Reason: cell.Read().EndReason);

    private static Task RefuseAsync(HttpContext context, SessionFinding finding)
    {
        if (finding.State is { } state)
        {
            context.Response.Headers[SessionHeaders.State] = state;
        }

        return SessionAnswers.WriteAsync(context, SessionProblem.Of(finding));
    }

    private Task RefuseBodyAsync(HttpContext context, SessionProblem problem)
    {
        metrics.Refused("body");
        return SessionAnswers.WriteAsync(context, problem);
    }

    /// <summary>The living session of a call that needs one; null when the answer has been written.</summary>
    private async ValueTask<(SessionCell Cell, LookResult Found)?> FindAsync(HttpContext context)
    {
        var finding = await finder.FindAsync(context);
        if (finding.Cell is { } cell)
        {
            var found = await engine.LookAndWaitAsync(cell);
            if (found != LookResult.Ended)
            {
                return (cell, found);
            }

            finding = Ended(cell);
        }

        metrics.Refused(finding.State ?? "missing");
        await RefuseAsync(context, finding);
        return null;
    }

    /// <summary>Counts the signal of a ping or an activity report; false when something else has been answered.</summary>
    private async ValueTask<bool> CountAsync(HttpContext context, SessionCell cell, LifecycleBody body, Signal signal, string kind)
    {
        if (body.Problem is { } problem)
        {
            await RefuseBodyAsync(context, problem);
            return false;
        }

        if (Speculation.IsSpeculative(context.Request))
        {
            return true;
        }

        metrics.SignalCounted(kind);
        if (!await engine.TryCountAsync(cell, signal))
        {
            metrics.Refused("ended");
            await RefuseAsync(context, Ended(cell));
            return false;
        }

        if (finder.PageOf(context) is { IsNone: false } page)
        {
            cell.HeardPage(page, engine.Store.Now);
        }

        return true;
    }

    private async ValueTask<bool> TryResumeAsync(HttpContext context, SessionCell cell, PageId page, PageId tab)
    {
        var found = await engine.LookAndWaitAsync(cell);
        if (found == LookResult.Ended || !await arrivals.TryResumeAsync(cell, page, tab, waits: found != LookResult.Asked))
        {
            return false;
        }

        metrics.SignalCounted("attach");
        await AnswerAsync(context, cell, found, StatusCodes.Status200OK, static answer => answer with { Outcome = "resumed" });
        return true;
    }

    private async Task StartAsync(HttpContext context, PageId page, PageId tab, SessionFinding finding)
    {
        if (await arrivals.TryStartAsync(page, tab, context.RequestAborted) is not { } hold)
        {
            context.Response.Headers.RetryAfter = "30";
            await SessionAnswers.WriteAsync(context, SessionProblem.AtCapacity);
            return;
        }

        metrics.SignalCounted("attach");
        engine.Release(hold);
        var previous = finding.State is { } state
            ? new PreviousSession(state, finding.Kind == SessionFindingKind.Ended ? finding.Reason.ToString() : null)
            : null;
        await AnswerAsync(context, hold.Cell, LookResult.Alive, StatusCodes.Status201Created, answer => answer with
        {
            Outcome = previous is null ? "created" : "restarted",
            Id = hold.Cell.Secret.Reveal(),
            Previous = previous,
        });
    }

    private Task AnswerAsync(
        HttpContext context,
        SessionCell cell,
        LookResult found,
        int status = StatusCodes.Status200OK,
        Func<StatusAnswer, StatusAnswer>? with = null)
    {
        var seen = engine.StatusOf(cell);
        if (seen.State == SessionState.Ended)
        {
            // It ended since it was counted: nothing that has ended is answered as living.
            metrics.Refused("ended");
            return RefuseAsync(context, Ended(cell));
        }

        var answer = StatusAnswer.Of(cell, seen, stillAsked: found == LookResult.Asked);
        return SessionAnswers.WriteAsync(context, status, with?.Invoke(answer) ?? answer);
    }

    private void WarnOfMissingMiddleware(HttpContext context)
    {
        if (!SessionLifetimeMiddleware.HasSeen(context) && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.MiddlewareMissing();
        }
    }
}
