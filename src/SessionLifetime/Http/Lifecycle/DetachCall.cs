using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>
/// <c>POST {p}/detach</c>: a page is unloaded. Usually sent as a beacon, which has no headers and whose answer is not read. Ignored where there is no living session of this
/// browser and user (<see cref="SessionFinder"/>), where the body is wrong (<see cref="LifecycleBody"/>), and where the browser prefetches. Where the session has no such open
/// page it is a signal and nothing more (<see cref="SessionArrivals.TryDetachAsync"/>).
/// </summary>
internal sealed class DetachCall(SessionArrivals arrivals, SessionFinder finder, SessionMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false, anyType: true);
        var (id, page, isPersisted) = (body.Text("id"), body.Page("page", isRequired: false), body.Flag("persisted"));
        if (body.Problem is null && !RequestClassification.HasSpeculativePurpose(context.Request))
        {
            var lookup = id is null ? await finder.FindAsync(context) : await finder.FindAsync(context, context.RequestHeaders(), id);
            if (lookup.Entry is { } entry && await arrivals.TryDetachAsync(entry, page, isPersisted))
            {
                metrics.SignalCounted("detach");
            }
        }

        SessionAnswers.WriteNothing(context);
    }
}
