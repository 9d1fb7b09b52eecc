using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SessionLifetime.Entries;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Reading;
using SessionLifetime.Ids;
using SessionLifetime.Sessions;

namespace SessionLifetime.Http.Requests;

/// <summary>What the answer to a request of script tells the browser module of its session. Set when the response starts.</summary>
internal static class SessionAnswer
{
    /// <summary>Whether there may be something to tell, by what costs nothing to ask: most answers tell nothing.</summary>
    /// <param name="status">The answer's status code.</param>
    /// <param name="entry">The session.</param>
    /// <param name="movedActivity">Whether the request has counted as the user's, and not just behind another one.</param>
    public static bool HasNews(int status, SessionEntry entry, bool movedActivity) =>
        movedActivity || entry.IsEnded || entry.Rotated is not null || status is >= StatusCodes.Status300MultipleChoices and < StatusCodes.Status400BadRequest;

    /// <summary>Sets the headers; replaces the id where the answer leads it to another origin.</summary>
    /// <param name="context">The request.</param>
    /// <param name="response">Its answer.</param>
    /// <param name="entry">The session.</param>
    /// <param name="sent">The id that named it.</param>
    /// <param name="movedActivity">Whether the request has counted as the user's, and not just behind another one.</param>
    public static Task CompleteAsync(HttpContext context, IHttpResponseFeature response, SessionEntry entry, SessionId sent, bool movedActivity)
    {
        // Not where the session was found to belong to another user.
        if (context.Features.Find<TabSession>() is null)
        {
            return Task.CompletedTask;
        }

        var headers = response.Headers;
        if (entry.IsEnded)
        {
            // The request itself has ended its session, or another one has meanwhile.
            AnswerHeaders.SetState(context.Response, "ended");
        }
        else if (entry.NewerThan(sent) is { } newer && RequestOrigin.IsSame(context.Request) && response.StatusCode != StatusCodes.Status304NotModified)
        {
            // Kept out of caches: the output cache has made its copy already, browsers and proxies obey no-store. A 304 gets no id, as the browser would
            // add it to the answer it has stored.
            headers[SessionHeaders.Id] = newer.Reveal();
            headers.CacheControl = "no-store";
        }

        if (movedActivity && IsGivenOnce(headers))
        {
            headers[SessionHeaders.Signal] = SessionHeaders.Activity;
        }

        return ForeignRedirects.IsOne(context, response.StatusCode)
            ? context.RequestServices.GetRequiredService<ForeignRedirects>().ReplaceIdAsync(context, entry, sent)
            : Task.CompletedTask;
    }

    /// <summary>Whether no cache gives the answer again: then the module may read in it that this request has counted.</summary>
    private static bool IsGivenOnce(IHeaderDictionary headers) => headers.CacheControl is [{ } control]
        ? control.Contains("no-store", StringComparison.OrdinalIgnoreCase) || control.Contains("no-cache", StringComparison.OrdinalIgnoreCase)
        : headers.Count == 0 || headers.ETag.Count + headers.LastModified.Count + headers.Expires.Count == 0;
}
