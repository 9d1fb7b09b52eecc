using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Requests;
using SessionLifetime.Ids;
using SessionLifetime.Policy;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>
/// The calls of the browser module (contract, section 7): each finds its session, applies what is due, waits a moment for timeout
/// handlers that are being asked, does its work, and answers with the status.
/// </summary>
/// <remarks>It is longer than a file should be because each call is a page of the protocol, and they share how they find and answer.</remarks>
internal sealed class LifecycleEndpoints(
    SessionEngine engine,
    SessionArrivals arrivals,
    SessionCalls calls,
    SessionFinder finder,
    SessionGuard guard,
    HandOvers handOvers,
    LateAuthenticationGuard lateUsers,
    SessionMetrics metrics,
    ILogger<LifecycleEndpoints> logger,
    NavigationRelay? relay = null,
    TransportCookie? cookie = null)
{
    private int _hasWarned;
    private int _hasWarnedOfStorage;

    /// <summary>A page says hello: <c>POST {p}/attach</c>.</summary>
    public async Task AttachAsync(HttpContext context)
    {
        WarnOfWrongOrder(context);
        if (Speculation.IsSpeculative(context.Request))
        {
            SessionAnswers.WriteNothing(context);
            return;
        }

        using var body = await LifecycleBody.ReadAsync(context, isRequired: true);
        var page = body.Page("page", isRequired: body.Problem is null);
        var tab = body.Page("tab", isRequired: false);
        var isShared = body.Flag("shared");
        var handOver = body.Text("handOver");
        if (body.Problem is { } problem)
        {
            await RefuseBodyAsync(context, problem);
            return;
        }

        if (isShared && Interlocked.Exchange(ref _hasWarnedOfStorage, 1) == 0)
        {
            logger.SharedStorage();
        }

        var lookup = await finder.FindAsync(context);
        if (lookup.IsHopeless)
        {
            await calls.RefuseAsync(context, lookup);
            return;
        }

        if (lookup.Entry is { } entry)
        {
            if (await TryResumeAsync(context, lookup, entry, page, tab))
            {
                return;
            }

            lookup = SessionLookup.Ended(entry);
        }

        if (handOver is null || !await TryHandOverAsync(context, handOver, page, tab, lookup))
        {
            await StartAsync(context, page, tab, lookup);
        }
    }

    /// <summary>One-time tokens for the navigations to come: <c>POST {p}/relay</c>.</summary>
    public async Task RelayAsync(HttpContext context)
    {
        // The module reads this as an answer to the app, which would have told of its user.
        context.Response.Headers[SessionHeaders.Signal] = SessionHeaders.ValueOf(SessionSignal.None);
        if (await calls.FindAsync(context) is var (entry, sent, _))
        {
            var tokens = relay!.Issue(entry, sent, entry.Browser, page: finder.PageOf(context.RequestHeaders()));
            await SessionAnswers.WriteAsync(context, new RelayAnswer(tokens, (long)NavigationRelay.Lifetime.TotalMilliseconds));
        }
    }

    /// <summary>Reads the status and touches nothing: <c>GET {p}</c>.</summary>
    public async Task StatusAsync(HttpContext context)
    {
        if (await calls.FindCallerAsync(context) is var (entry, _, found))
        {
            await AnswerAsync(context, entry, found);
        }
    }

    /// <summary>An alive signal, which may say how long the user has been idle, or stretch: <c>POST {p}/ping</c>.</summary>
    public async Task PingAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false);

        // Looked at after the body has come, however slowly: what is due meanwhile is part of the answer.
        if (await calls.FindCallerAsync(context) is not var (entry, sent, found))
        {
            return;
        }

        var stretches = body.Flag("stretch") && engine.Options.AllowStretch;
        var signal = new SignalReport { IdleFor = body.IdleFor(), IsStretch = stretches };
        if (await CountAsync(context, entry, body, signal, stretches ? "stretch" : "ping"))
        {
            if (stretches)
            {
                await SlidingSignIn.RenewAsync(context);
            }

            await AnswerAsync(context, entry, found, with: Newer(entry, sent));
        }
    }

    /// <summary>The user was active, just now or a while ago: <c>POST {p}/activity</c>.</summary>
    public async Task ActivityAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false);

        // Looked at after the body has come, however slowly: what is due meanwhile is part of the answer.
        if (await calls.FindCallerAsync(context) is not var (entry, sent, found))
        {
            return;
        }

        var signal = new SignalReport { IdleFor = body.IdleFor() ?? TimeSpan.Zero };
        if (await CountAsync(context, entry, body, signal, "activity"))
        {
            await AnswerAsync(context, entry, found, with: Newer(entry, sent));
        }
    }

    /// <summary>Ends the session: <c>POST {p}/exit</c>.</summary>
    public async Task ExitAsync(HttpContext context)
    {
        if (await calls.FindCallerAsync(context) is var (entry, _, _))
        {
            await engine.ExitAsync(entry, SessionEndReason.Exited);
            SessionAnswers.WriteNothing(context);
        }
    }

    /// <summary>A page says good-bye, usually as a beacon, which has no headers and hears no answer: <c>POST {p}/detach</c>.</summary>
    public async Task DetachAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false, anyType: true);
        var lookup = body.Text("id") is { } id
            ? await finder.FindAsync(context, context.RequestHeaders(), id)
            : await finder.FindAsync(context);
        if (lookup.Entry is { } entry && body.Problem is null && !Speculation.IsSpeculative(context.Request))
        {
            metrics.SignalCounted("detach");
            await arrivals.DetachAsync(entry, body.Page("page", isRequired: false), body.Flag("persisted"));
        }

        SessionAnswers.WriteNothing(context);
    }

    /// <summary>The page that refreshes itself, for browsers without script: <c>GET {p}/stretch</c>.</summary>
    public async Task StretchAsync(HttpContext context)
    {
        var lookup = await finder.FindCallerAsync(context);
        var lives = lookup.Entry is { } entry && await engine.ApplyDueRulesAndWaitAsync(entry) != DueRulesResult.Ended;
        if (lives && !Speculation.IsSpeculative(context.Request))
        {
            metrics.SignalCounted("stretch");
            lives = await engine.TryCountAsync(lookup.Entry!, new SignalReport { IsStretch = engine.Options.AllowStretch });
            if (lives && engine.Options.AllowStretch)
            {
                await SlidingSignIn.RenewAsync(context);
            }
        }

        await StretchPage.WriteAsync(context, refreshes: lives ? engine.Options.StretchInterval : null);
    }

    /// <summary>The answer with the id the browser shall have instead of the one it sent, where there is one.</summary>
    private static Func<StatusAnswer, StatusAnswer>? Newer(SessionEntry entry, SessionId sent) =>
        entry.NewerThan(sent) is { } newer ? answer => answer with { Id = newer.Reveal() } : null;

    private Task RefuseBodyAsync(HttpContext context, SessionProblem problem)
    {
        metrics.Refused("body");
        return SessionAnswers.WriteAsync(context, problem);
    }

    /// <summary>Counts the signal of a ping or an activity report; false when something else has been answered.</summary>
    private async ValueTask<bool> CountAsync(HttpContext context, SessionEntry entry, LifecycleBody body, SignalReport signal, string kind)
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
        if (!await engine.TryCountAsync(entry, signal))
        {
            await calls.RefuseAsync(context, SessionLookup.Ended(entry));
            return false;
        }

        if (finder.PageOf(context.RequestHeaders()) is { IsNone: false } page)
        {
            entry.HeardPage(page, engine.Directory.Now);
        }

        return true;
    }

    private async ValueTask<bool> TryResumeAsync(HttpContext context, SessionLookup lookup, SessionEntry entry, PageId page, PageId tab)
    {
        var found = await engine.ApplyDueRulesAndWaitAsync(entry);
        if (found == DueRulesResult.Ended || !await arrivals.TryResumeAsync(entry, page, tab, waits: found != DueRulesResult.Asked))
        {
            return false;
        }

        metrics.SignalCounted("attach");
        guard.RenewBrowserCookie(context, entry);
        LeaveCookie(context);
        var newer = Newer(entry, lookup.Sent);
        await AnswerAsync(context, entry, found, StatusCodes.Status200OK, answer => (newer?.Invoke(answer) ?? answer) with { Outcome = "resumed" });
        return true;
    }

    /// <summary>The page takes over the session that the server started for it; false when there is none any more, or another tab has it.</summary>
    private async ValueTask<bool> TryHandOverAsync(HttpContext context, string token, PageId page, PageId tab, SessionLookup before)
    {
        if (!handOvers.TryTake(token, context.Request, out var grant)
            || await finder.FindAsync(context, context.RequestHeaders(), grant.Secret) is not { Entry: { } entry }
            || await engine.ApplyDueRulesAndWaitAsync(entry) is DueRulesResult.Ended
            || !await arrivals.TryResumeAsync(entry, page, tab, isFirst: true))
        {
            return false;
        }

        metrics.SignalCounted("attach");
        guard.RenewBrowserCookie(context, entry);
        LeaveCookie(context);
        await AnswerNewAsync(context, entry, entry.NewerThan(grant.Secret) ?? grant.Secret, before);
        return true;
    }

    /// <summary>
    /// Where tabs are told apart, a tab that attaches says from here on which session is its own. A cookie would say it for every other tab
    /// too, or lead this one astray: to the session of a page that was rendered for it before anybody knew whose it was.
    /// </summary>
    private void LeaveCookie(HttpContext context)
    {
        if (relay is not null && cookie?.Read(context.Request) is not null)
        {
            cookie.Expire(context, CookieRules.PathOf(context.Request));
        }
    }

    private async Task StartAsync(HttpContext context, PageId page, PageId tab, SessionLookup lookup)
    {
        var (outcome, hold) = await arrivals.StartAsync(page, tab, guard.IssueBrowserCookie(context, out _), context.RequestAborted);
        if (outcome != PlacementResult.Added)
        {
            await SessionAnswers.WriteAsync(context, SessionProblem.Of(outcome));
            return;
        }

        metrics.SignalCounted("attach");
        LeaveCookie(context);
        engine.Release(hold);
        await AnswerNewAsync(context, hold.Entry, hold.Entry.Secret, lookup);
    }

    private Task AnswerNewAsync(HttpContext context, SessionEntry entry, SessionId secret, SessionLookup before)
    {
        var previous = before.State is { } state
            ? new PreviousSession(state, before.Kind == SessionLookupStatus.Ended ? before.Reason?.ToString() : null)
            : null;
        return AnswerAsync(context, entry, DueRulesResult.Alive, StatusCodes.Status201Created, answer => answer with
        {
            Outcome = previous is null ? "created" : "restarted",
            Id = secret.Reveal(),
            Previous = previous,
        });
    }

    private Task AnswerAsync(
        HttpContext context,
        SessionEntry entry,
        DueRulesResult found,
        int status = StatusCodes.Status200OK,
        Func<StatusAnswer, StatusAnswer>? with = null)
    {
        var seen = engine.StatusOf(entry);
        if (seen.State == SessionState.Ended)
        {
            // It ended since it was counted: nothing that has ended is answered as living.
            return calls.RefuseAsync(context, SessionLookup.Ended(entry));
        }

        var answer = StatusAnswer.Of(entry, seen, stillAsked: found == DueRulesResult.Asked);
        return SessionAnswers.WriteAsync(context, status, with?.Invoke(answer) ?? answer);
    }

    private void WarnOfWrongOrder(HttpContext context)
    {
        if (SessionLifetimeMiddleware.HasSeenNobody(context) && guard.UserOf(context) is not null)
        {
            lateUsers.Warn();
        }

        if (!SessionLifetimeMiddleware.HasSeen(context) && Interlocked.Exchange(ref _hasWarned, 1) == 0)
        {
            logger.MiddlewareMissing();
        }
    }
}
