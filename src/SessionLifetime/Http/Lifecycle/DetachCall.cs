using Microsoft.AspNetCore.Http;
using SessionLifetime.Diagnostics;
using SessionLifetime.Engine;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Lifecycle;

/// <summary><c>POST {p}/detach</c>: a page is unloaded. Usually sent as a beacon, which has no headers and whose answer is not read.</summary>
internal sealed class DetachCall(SessionArrivals arrivals, SessionFinder finder, SessionMetrics metrics)
{
    public async Task InvokeAsync(HttpContext context)
    {
        using var body = await LifecycleBody.ReadAsync(context, isRequired: false, anyType: true);
        var lookup = body.Text("id") is { } id
            ? await finder.FindAsync(context, context.RequestHeaders(), id)
            : await finder.FindAsync(context);
        var (page, isPersisted) = (body.Page("page", isRequired: false), body.Flag("persisted"));
        if (lookup.Entry is { } entry && body.Problem is null && !RequestClassification.HasSpeculativePurpose(context.Request))
        {
            metrics.SignalCounted("detach");
            await arrivals.DetachAsync(entry, page, isPersisted);
        }

        SessionAnswers.WriteNothing(context);
    }
}
