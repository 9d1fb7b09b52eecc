using Microsoft.Extensions.Logging;

namespace SessionLifetime.Diagnostics;

/// <summary>
/// Every log message of the library: Debug for routine, Information for a session's start and end, Warning for a client's fault or a
/// risky setting, Error for ours or the app's. Sessions are named by their public id only.
/// </summary>
internal static partial class SessionLog
{
    [LoggerMessage(1, LogLevel.Information, "Session {Session} started.")]
    public static partial void SessionStarted(this ILogger logger, string session);

    [LoggerMessage(2, LogLevel.Information, "Session {Session} ended: {Reason}.")]
    public static partial void SessionEnded(this ILogger logger, string session, SessionEndReason reason);

    [LoggerMessage(3, LogLevel.Debug, "Session {Session} timed out, occurrence {Occurrence}.")]
    public static partial void SessionTimedOut(this ILogger logger, string session, int occurrence);

    [LoggerMessage(4, LogLevel.Debug, "The timeout of session {Session} was {Outcome}.")]
    public static partial void TimeoutConcluded(this ILogger logger, string session, string outcome);

    [LoggerMessage(5, LogLevel.Debug, "A page of session {Session} was unloaded; {OpenPages} left.")]
    public static partial void PageUnloaded(this ILogger logger, string session, int openPages);

    [LoggerMessage(10, LogLevel.Error, "The {Event} handler {Handler} of session {Session} threw.")]
    public static partial void HandlerThrew(this ILogger logger, Exception exception, string @event, string handler, string session);

    [LoggerMessage(11, LogLevel.Error, "The {Event} handler {Handler} of session {Session} did not finish within {HandlerTimeout} and was abandoned.")]
    public static partial void HandlerAbandoned(this ILogger logger, string @event, string handler, string session, TimeSpan handlerTimeout);

    [LoggerMessage(14, LogLevel.Warning, "{Count} event handlers run at once, as many as may (MaxConcurrentHandlers): further ones wait for their turn. This is logged once.")]
    public static partial void HandlersWait(this ILogger logger, int count);

    [LoggerMessage(12, LogLevel.Error, "A callback of the Ended token of session {Session} threw.")]
    public static partial void EndedCallbackThrew(this ILogger logger, Exception exception, string session);

    [LoggerMessage(13, LogLevel.Error, "The answer of the SessionTimeout handlers of session {Session} could not be applied.")]
    public static partial void ConclusionFailed(this ILogger logger, Exception exception, string session);

    [LoggerMessage(15, LogLevel.Error, "The connections of session {Session}, which has ended, could not be closed.")]
    public static partial void ConnectionNotClosed(this ILogger logger, Exception exception, string session);

    [LoggerMessage(55, LogLevel.Warning, "UseWebSockets() comes after UseSessionLifetime(): messages of a WebSocket do not count for its session, and it stays open when that ends. Call app.UseWebSockets() before app.UseSessionLifetime().")]
    public static partial void WebSocketsTooLate(this ILogger logger);

    [LoggerMessage(60, LogLevel.Error, "{Type}, owned by session {Session}, threw when it was disposed.")]
    public static partial void DisposalThrew(this ILogger logger, Exception exception, string type, string session);

    [LoggerMessage(61, LogLevel.Warning, "What session {Session} owned is disposed although something still uses it after {DisposalTimeout}: a request, or a callback of its Ended token.")]
    public static partial void DisposalNotWaited(this ILogger logger, string session, TimeSpan disposalTimeout);

    [LoggerMessage(62, LogLevel.Warning, "The server stops although what {Count} sessions owned is not disposed yet within {ShutdownTimeout}.")]
    public static partial void StoppedUndisposed(this ILogger logger, int count, TimeSpan shutdownTimeout);

    [LoggerMessage(20, LogLevel.Debug, "The sweep looked at {Looked} sessions.")]
    public static partial void Swept(this ILogger logger, int looked);

    [LoggerMessage(21, LogLevel.Error, "The sweep failed; the next one comes in {SweepInterval}.")]
    public static partial void SweepFailed(this ILogger logger, Exception exception, TimeSpan sweepInterval);

    [LoggerMessage(22, LogLevel.Error, "The sweep could not look at session {Session}; the next one tries again.")]
    public static partial void LookFailed(this ILogger logger, Exception exception, string session);

    [LoggerMessage(23, LogLevel.Warning, "The process did not run for {Duration}: that time is not taken for the silence of anybody. Only absolute timeouts go on.")]
    public static partial void DidNotRun(this ILogger logger, TimeSpan duration);

    [LoggerMessage(24, LogLevel.Error, "The absolute timeouts could not be looked at after a time in which the process did not run; the sweeps come to them late.")]
    public static partial void RescheduleFailed(this ILogger logger, Exception exception);

    [LoggerMessage(93, LogLevel.Information, "The server is stopping: its sessions go on elsewhere.")]
    public static partial void Leaving(this ILogger logger);

    [LoggerMessage(30, LogLevel.Information, "The server is stopping: {Count} sessions end.")]
    public static partial void Stopping(this ILogger logger, long count);

    [LoggerMessage(31, LogLevel.Warning, "The server stops although the ApplicationExit handlers of {Count} sessions have not finished within {ShutdownTimeout}.")]
    public static partial void StoppedUnfinished(this ILogger logger, long count, TimeSpan shutdownTimeout);

    [LoggerMessage(40, LogLevel.Warning, "No session was started: {MaxSessions} sessions live already (MaxSessions).")]
    public static partial void AtCapacity(this ILogger logger, int maxSessions);

    [LoggerMessage(46, LogLevel.Warning, "The answer to a request of session {Session} redirects it to another origin ({Path} to {Origin}), and the browser takes the id header along: the session gets a new id. Exempt the path in the browser module (data-exempt), or the call (session: false).")]
    public static partial void RedirectedElsewhere(this ILogger logger, string session, string path, string origin);

    [LoggerMessage(41, LogLevel.Debug, "A session was refused by {Limit}.")]
    public static partial void AtLimit(this ILogger logger, string limit);

    [LoggerMessage(50, LogLevel.Warning, "SessionLifetime: {Advice}")]
    public static partial void RiskySetting(this ILogger logger, string advice);

    [LoggerMessage(52, LogLevel.Warning, "SessionLifetime: the browser cookie was set without Secure, because its request came by plain HTTP. Serve by HTTPS; behind a proxy that does, call app.UseForwardedHeaders().")]
    public static partial void CookieNotSecure(this ILogger logger);

    [LoggerMessage(53, LogLevel.Warning, "A signed-in user has neither a claim {ClaimType}, nor sub, nor a name: sessions cannot be given to such users. Set SessionLifetimeOptions.UserClaimType.")]
    public static partial void UserWithoutId(this ILogger logger, string claimType);

    [LoggerMessage(54, LogLevel.Warning, "SessionLifetime: pages use storage 'browser': the id lies in localStorage, where it outlives the window, and all tabs share one session.")]
    public static partial void SharedStorage(this ILogger logger);

    [LoggerMessage(56, LogLevel.Error, "UseSessionLifetime() comes before UseAuthentication(): it takes every user for nobody, and cannot keep a session from another user by itself. Call app.UseSessionLifetime() after app.UseAuthentication(), and after app.UseAuthorization() where endpoints choose their authentication schemes.")]
    public static partial void UserTooLate(this ILogger logger);

    [LoggerMessage(65, LogLevel.Error, "The user of a request became known only behind UseSessionLifetime(), which had taken the request for somebody else's: its endpoint chooses its authentication schemes, or a middleware sets the user. The session was compared again and kept from other users. Call app.UseSessionLifetime() after app.UseAuthorization(), and after whatever sets the user.")]
    public static partial void UserOfOtherScheme(this ILogger logger);

    [LoggerMessage(66, LogLevel.Warning, "UseSessionLifetime() comes before UseAuthorization(), and {Endpoint} chooses its authentication schemes itself: its users are known only behind UseSessionLifetime(), and such requests are released from sessions of other users late. Call app.UseSessionLifetime() after app.UseAuthorization().")]
    public static partial void SchemesTooLate(this ILogger logger, string? endpoint);

    [LoggerMessage(67, LogLevel.Error, "UseRouting() comes after UseSessionLifetime(): requests have their session, but the marks of endpoints (RequireTabSession, StartTabSession, WithSessionSignal, DisableTabSession) are not known there and have no effect. Call app.UseSessionLifetime() after app.UseRouting().")]
    public static partial void RoutingTooLate(this ILogger logger);

    [LoggerMessage(68, LogLevel.Error, "UseAntiforgery() comes before UseSessionLifetime(): it compares the session of a form's page with none, and refuses every form of a page with a session. Call app.UseSessionLifetime() before app.UseAntiforgery().")]
    public static partial void AntiforgeryTooEarly(this ILogger logger);

    [LoggerMessage(69, LogLevel.Warning, "{Endpoint} requires a session, and a browser navigated to it without one: {Cure}")]
    public static partial void NavigatedWithoutSession(this ILogger logger, string? endpoint, string cure);

    [LoggerMessage(70, LogLevel.Error, "HttpContext.Session is used, and nothing provides it: call AddSessionLifetime().AddHttpSession() for one of each tab's own, or the framework's AddSession() and UseSession() for one of the browser's.")]
    public static partial void HttpSessionMissing(this ILogger logger);

    [LoggerMessage(57, LogLevel.Warning, "UseSessionLifetime() was called, and MapSessionLifetime() was not: no page can have a session, and the browser module is not found. Call app.MapSessionLifetime().")]
    public static partial void NotMapped(this ILogger logger);

    [LoggerMessage(58, LogLevel.Warning, "The hub {Hub} is mapped, and hubs were not given to sessions: it sees none, its calls count for none, and it stays open when one ends. Call AddSignalR().AddSessionLifetime(), or mark a hub that has nothing to do with sessions DisableTabSession().")]
    public static partial void HubWithoutSessions(this ILogger logger, string hub);

    [LoggerMessage(59, LogLevel.Warning, "Blazor's circuits are mapped, and were not given to sessions: their components get no session-scoped services. Call AddInteractiveServerComponents().AddSessionLifetime(), and start Blazor by session-lifetime-blazor.js.")]
    public static partial void CircuitsWithoutSessions(this ILogger logger);

    [LoggerMessage(64, LogLevel.Error, "This version of Microsoft.Extensions.DependencyInjection is not supported for session-scoped services that are disposable: a request would dispose them. Where they are injected, an exception is thrown; inject SessionScoped<T> instead.")]
    public static partial void ContainerNotSupported(this ILogger logger);

    [LoggerMessage(63, LogLevel.Warning, "A form to {Endpoint} was refused: its antiforgery token was made for session {Rendered}, and it came in session {Actual}. If this is no rare swap of two tabs: pages of StartTabSession() need the tags that <session-lifetime />, or HttpContext.GetSessionLifetimeTags(), writes; script tags written by hand do not hand their session over.")]
    public static partial void FormOfAnotherSession(this ILogger logger, string endpoint, string rendered, string actual);

    [LoggerMessage(51, LogLevel.Error, "UseSessionLifetime() is missing, or stands in a branch of the pipeline: endpoints of the app see no session. Call app.UseSessionLifetime() after UseRouting() and UseAuthentication().")]
    public static partial void MiddlewareMissing(this ILogger logger);

    [LoggerMessage(80, LogLevel.Error, "The store of the sessions does not answer. Sessions whose end is far away are served from memory for a while; everything else is answered 503. Nothing is ended meanwhile.")]
    public static partial void StoreIsAway(this ILogger logger, Exception? exception);

    [LoggerMessage(81, LogLevel.Information, "The store of the sessions answers again.")]
    public static partial void StoreIsBack(this ILogger logger);

    [LoggerMessage(82, LogLevel.Error, "Events could not be taken from the store of the sessions; it is tried again.")]
    public static partial void DeliveryFailed(this ILogger logger, Exception exception);

    [LoggerMessage(83, LogLevel.Error, "An event of kind {Kind} of session {Session} is not understood, and is dropped: another version of the library wrote it.")]
    public static partial void EventNotUnderstood(this ILogger logger, Exception? exception, string kind, string session);

    [LoggerMessage(84, LogLevel.Error, "A step of the node's work on the store of the sessions failed; it is tried again.")]
    public static partial void NodeStepFailed(this ILogger logger, Exception exception);

    [LoggerMessage(94, LogLevel.Error, "A step of the node's leaving failed. What the others miss of it they take for that of a node that died; no session is lost.")]
    public static partial void LeavingFailed(this ILogger logger, Exception exception);

    [LoggerMessage(95, LogLevel.Information, "An event of kind {Kind} of session {Session} has no handlers here and is left to another node, or to one of a newer version of the library.")]
    public static partial void EventIsOfOthers(this ILogger logger, string kind, string session);

    [LoggerMessage(85, LogLevel.Warning, "{Warning}")]
    public static partial void StoreWarns(this ILogger logger, string warning);

    [LoggerMessage(86, LogLevel.Warning, "The store of the sessions went back in time: it was restored, or another server took over. What is known here is read again.")]
    public static partial void StoreWentBack(this ILogger logger);

    [LoggerMessage(87, LogLevel.Information, "Node {Node} shares its sessions through {Store}.")]
    public static partial void NodeStarted(this ILogger logger, string node, string store);

    [LoggerMessage(88, LogLevel.Warning, "The store of the sessions cannot be reached; the node starts without it and goes on trying: {Reason}")]
    public static partial void NodeStartsWithoutStore(this ILogger logger, string reason);

    [LoggerMessage(89, LogLevel.Warning, "The session timings configured here are not those in force: those of the node that started last are. Configure all nodes alike.")]
    public static partial void OtherSettingsInForce(this ILogger logger);

    [LoggerMessage(90, LogLevel.Error, "A change of session {Session} that was made outside of a request could not be written to the store.")]
    public static partial void ChangeNotWritten(this ILogger logger, Exception exception, string session);

    [LoggerMessage(91, LogLevel.Warning, "Session {Session} got live objects in this process, and has others in another one: its requests reach both. Keep the requests of one browser on one server (affinity by browser), or keep the state persisted with AddSessionState. Said once.")]
    public static partial void LiveObjectsElsewhere(this ILogger logger, string session);

    [LoggerMessage(92, LogLevel.Warning, "A browser was answered {Age} ago in a session that this process does not know, and this process has run for longer: another server started the session. Sessions are kept in the memory of one process: keep them in a store that the servers share (UsePostgreSql, UseRedis), or send each browser to one server. Said once.")]
    public static partial void SessionOfAnotherServer(this ILogger logger, TimeSpan age);
}
