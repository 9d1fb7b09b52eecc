using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http;

namespace SessionLifetime.Http.Answers;

/// <summary>Writes the answers of the protocol. None of them may be stored by a cache.</summary>
internal static class SessionAnswers
{
    public static Task WriteAsync(HttpContext context, int status, StatusAnswer answer) =>
        WriteAsync(context, status, answer, SessionJson.Default.StatusAnswer);

    public static Task WriteAsync<T>(HttpContext context, int status, T answer, JsonTypeInfo<T> type) =>
        WriteAsync(context, status, "application/json", answer, type);

    public static Task WriteAsync(HttpContext context, RelayAnswer answer) =>
        WriteAsync(context, StatusCodes.Status200OK, "application/json", answer, SessionJson.Default.RelayAnswer);

    public static Task WriteAsync(HttpContext context, SessionProblem problem)
    {
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = problem.RetryAfter;
        }

        return WriteAsync(context, problem.Status, "application/problem+json", problem, SessionJson.Default.SessionProblem);
    }

    public static void WriteNothing(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers.CacheControl = "no-store";
    }

    private static async Task WriteAsync<T>(HttpContext context, int status, string contentType, T value, JsonTypeInfo<T> type)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, type);
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = contentType;
        response.ContentLength = json.Length;
        response.Headers.CacheControl = "no-store";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await response.Body.WriteAsync(json, context.RequestAborted);
        }
    }
}
