using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Navigation;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>POST {p}/relay</c>: one-time tokens for the next navigations of a page.</summary>
internal sealed class RelayCall(LifecycleCalls calls, SessionFinder finder, NavigationRelay relay)
{
    public async Task InvokeAsync(HttpContext context)
    {
        // The module handles the answer as one of the app: without the header it would count the request as activity.
        context.Response.Headers[SessionHeaders.Signal] = SessionHeaders.ValueOf(SessionSignal.None);
        if (await calls.FindAsync(context) is var (entry, sent, _))
        {
            var tokens = relay.Issue(entry, sent, entry.Browser, page: finder.PageOf(context.RequestHeaders()));
            await SessionAnswers.WriteAsync(context, new RelayAnswer(tokens, (long)NavigationRelay.Lifetime.TotalMilliseconds));
        }
    }
}
