using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using SessionLifetime.Configuration;
using SessionLifetime.Diagnostics;
using SessionLifetime.Directories;
using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Requests;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>POST {p}/attach</c>: a page attaches to its session, takes over the session that the server started for it, or starts one.</summary>
internal sealed class AttachCall(
    LifecycleCalls calls,
    SessionEngine engine,
    SessionArrivals arrivals,
    SessionFinder finder,
    SessionGuard guard,
    HandOvers handOvers,
    LateAuthenticationGuard lateUsers,
    IPipelinePlace place,
    SessionMetrics metrics,
    TimeProvider time,
    ILogger<AttachCall> logger,
    NavigationRelay? relay = null,
    TransportCookie? cookie = null)
{
    private int _hasWarnedOfMiddleware;
    private int _hasWarnedOfStorage;
    private int _hasWarnedOfServer;
    private readonly long _startedAt = time.GetTimestamp();

    public async Task InvokeAsync(HttpContext context)
    {
        WarnOfOrder(context);
        if (RequestClassification.HasSpeculativePurpose(context.Request))
        {
            SessionAnswers.WriteNothing(context);
            return;
        }

        using var body = await LifecycleBody.ReadAsync(context, isRequired: true);
        var page = body.Page("page", isRequired: body.Problem is null);
        var tab = body.Page("tab", isRequired: false);
        var isShared = body.Flag("shared");
        var handOver = body.Text("handOver");
        var answered = body.Age("answeredMs");
        if (body.Problem is { } problem)
        {
            await calls.RefuseBodyAsync(context, problem);
            return;
        }

        if (isShared && Interlocked.Exchange(ref _hasWarnedOfStorage, 1) == 0)
        {
            logger.SharedStorage();
        }

        var lookup = await finder.FindAsync(context);
        if (lookup.RefusesNewSession)
        {
            await calls.RefuseAsync(context, lookup);
            return;
        }

        WarnOfOtherServer(lookup, answered);
        if (lookup.Entry is { } entry)
        {
            if (await TryResumeAsync(context, lookup, entry, page, tab))
            {
                return;
            }

            lookup = SessionLookup.Ended(entry);
        }

        if (handOver is null || !await TryTakeOverAsync(context, handOver, page, tab, lookup))
        {
            await StartAsync(context, page, tab, lookup);
        }
    }

    private async ValueTask<bool> TryResumeAsync(HttpContext context, SessionLookup lookup, SessionEntry entry, PageId page, PageId tab)
    {
        var found = await engine.ApplyDueRulesAndWaitAsync(entry);
        if (found == DueRulesResult.Ended || !await arrivals.TryResumeAsync(entry, page, tab, waits: found != DueRulesResult.Asked))
        {
            return false;
        }

        CompleteAttach(context, entry);
        var newer = entry.NewerThan(lookup.Sent)?.Reveal();
        await calls.AnswerAsync(context, entry, found, StatusCodes.Status200OK, answer => answer with { Outcome = "resumed", Id = newer }, hasAttached: true);
        return true;
    }

    /// <summary>Takes over the session that the server started for the page. False when it has ended, or another tab has taken it over.</summary>
    private async ValueTask<bool> TryTakeOverAsync(HttpContext context, string token, PageId page, PageId tab, SessionLookup before)
    {
        await handOvers.ImportAsync(token, context.Request);
        if (!handOvers.TryTake(token, context.Request, out var grant)
            || await finder.FindAsync(context, context.RequestHeaders(), grant.Secret) is not { Entry: { } entry }
            || await engine.ApplyDueRulesAndWaitAsync(entry) is DueRulesResult.Ended
            || !await arrivals.TryResumeAsync(entry, page, tab, isFirst: true))
        {
            return false;
        }

        CompleteAttach(context, entry);
        await AnswerNewAsync(context, entry, entry.NewerThan(grant.Secret) ?? grant.Secret, before);
        return true;
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
        ExpireTransportCookie(context);
        engine.Release(hold);
        await AnswerNewAsync(context, hold.Entry, hold.Entry.Secret, lookup);
    }

    private void CompleteAttach(HttpContext context, SessionEntry entry)
    {
        metrics.SignalCounted("attach");
        guard.RenewBrowserCookie(context, entry);
        ExpireTransportCookie(context);
    }

    /// <summary>
    /// With the navigation relay a tab that has attached names its own session in each request. The cookie would name that session for all other
    /// tabs, or name another session for this tab: one that was started before it attached.
    /// </summary>
    private void ExpireTransportCookie(HttpContext context)
    {
        if (relay is not null && cookie?.Read(context.Request) is not null)
        {
            cookie.Expire(context, CookieRules.PathOf(context.Request));
        }
    }

    private Task AnswerNewAsync(HttpContext context, SessionEntry entry, SessionId secret, SessionLookup before)
    {
        var previous = before.State is { } state
            ? new PreviousSession(state, before.Status == SessionLookupStatus.Ended ? before.Reason?.ToString() : null)
            : null;
        var outcome = previous is null ? "created" : "restarted";
        return calls.AnswerAsync(
            context,
            entry,
            DueRulesResult.Alive,
            StatusCodes.Status201Created,
            answer => answer with { Outcome = outcome, Id = secret.Reveal(), Previous = previous },
            hasAttached: true);
    }

    /// <summary>Warns where another server behind the same address must have started the session: this one has run for longer than the browser was without an answer.</summary>
    private void WarnOfOtherServer(SessionLookup lookup, TimeSpan? answered)
    {
        if (lookup.Status == SessionLookupStatus.Unknown
            && engine.Directory.EndsWithProcess
            && answered < time.GetElapsedTime(_startedAt)
            && Interlocked.Exchange(ref _hasWarnedOfServer, 1) == 0)
        {
            logger.SessionOfAnotherServer(answered.Value);
        }
    }

    /// <summary>Warns where the middleware is missing, or runs before authentication.</summary>
    private void WarnOfOrder(HttpContext context)
    {
        var state = RequestState.Find(context);
        if (state is { IsSeen: true, WasAnonymous: true } && guard.UserOf(context) is not null)
        {
            lateUsers.Warn();
        }

        if (state is not { IsSeen: true } && !place.IsInFrontOfRouting && Interlocked.Exchange(ref _hasWarnedOfMiddleware, 1) == 0)
        {
            logger.MiddlewareMissing();
        }
    }
}
