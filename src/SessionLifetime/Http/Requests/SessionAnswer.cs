using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Entries;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Endpoints;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Requests;

/// <summary>What the answer to a request of script tells the browser module of its session. Set when the response starts.</summary>
internal static class SessionAnswer
{
    /// <summary>Sets the headers; replaces the id where the answer leads it to another origin.</summary>
    /// <param name="context">The request, whose session is on the context.</param>
    /// <param name="headers">The headers of its answer.</param>
    /// <param name="entry">The session.</param>
    /// <param name="sent">The id that named it.</param>
    /// <param name="signal">As what the request has counted.</param>
    public static Task CompleteAsync(HttpContext context, IHeaderDictionary headers, SessionEntry entry, SessionId sent, SessionSignal signal)
    {
        if (entry.IsEnded)
        {
            // The request itself has ended its session, or another one has meanwhile.
            AnswerHeaders.SetState(context.Response, "ended");
        }
        else if (entry.NewerThan(sent) is { } newer && RequestOrigin.IsSame(context.Request) && context.Response.StatusCode != StatusCodes.Status304NotModified)
        {
            // Kept out of caches: the output cache has made its copy already, browsers and proxies obey no-store. A 304 gets no id, as the browser would
            // add it to the answer it has stored.
            headers[SessionHeaders.Id] = newer.Reveal();
            headers.CacheControl = "no-store";
        }

        if (signal == SessionSignal.Activity && IsGivenOnce(headers))
        {
            headers[SessionHeaders.Signal] = SessionHeaders.Activity;
        }

        return ForeignRedirects.IsOne(context, context.Response.StatusCode)
            ? context.RequestServices.GetRequiredService<ForeignRedirects>().ReplaceIdAsync(context, entry, sent)
            : Task.CompletedTask;
    }

    /// <summary>Whether no cache gives the answer again: then the module may read in it that this request has counted.</summary>
    private static bool IsGivenOnce(IHeaderDictionary headers) => headers.CacheControl is [{ } control]
        ? control.Contains("no-store", StringComparison.OrdinalIgnoreCase) || control.Contains("no-cache", StringComparison.OrdinalIgnoreCase)
        : headers.Count == 0 || headers.ETag.Count + headers.LastModified.Count + headers.Expires.Count == 0;
}
