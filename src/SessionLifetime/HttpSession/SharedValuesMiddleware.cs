using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Cluster;
using SessionLifetime.Http.Answers;
using SessionLifetime.Sessions;

namespace SessionLifetime.HttpSession;

/// <summary>
/// Reads the values of a request's session before its endpoint, and writes what changed. In the pipeline only where sessions are in a store and the app keeps
/// values in them.
/// </summary>
internal sealed class SharedValuesMiddleware(RequestDelegate next, SharedValues store)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<WithoutSessionStateAttribute>() is not null || context.GetTabSession() is not { } session)
        {
            await next(context);
            return;
        }

        var values = new RequestValues(session, store, await store.ReadAsync(session.Entry));
        if (context.Features.Get<ISessionFeature>() is TabHttpSession http)
        {
            http.Shared = values;
        }

        if (context.RequestServices.GetService<TabSessionAccessor>() is { } accessor)
        {
            accessor.Values = values;
        }

        // Before the browser can send the next request, and what was written after the answer had started at its end.
        AnswerStart.Add(context, values.SaveAsync);
        await next(context);
        await values.SaveAsync();
    }
}
