using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Http.Answers;

/// <summary>The headers by which answers of the app tell the browser module of its session, kept away from requests that carry no id.</summary>
/// <remarks>
/// They are set when the response starts: caches inside the app copy an answer's headers before that. Caches outside obey what is set with them. A 304
/// gets none, since a browser would add it to the answer it has stored, which it may show to another session.
/// </remarks>
internal sealed class AnswerHeaders(string idHeader)
{
    private readonly Func<object, Task> _setNone = response => SetSignal((HttpResponse)response, SessionSignal.None, idHeader);
    private readonly Func<object, Task> _setAlive = response => SetSignal((HttpResponse)response, SessionSignal.Alive, idHeader);

    /// <summary>The answer says that its request was no activity. It may be stored for requests with the same id.</summary>
    public void AddSignal(HttpContext context, SessionSignal signal)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.OnStarting(signal == SessionSignal.Alive ? _setAlive : _setNone, context.Response);
        }
    }

    /// <summary>The answer says that its request had no living session. No cache stores it.</summary>
    public static void AddState(HttpContext context, string state)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.OnStarting(static state => ((StateOfAnswer)state).Set(), new StateOfAnswer(context.Response, state));
        }
    }

    /// <summary>Sets what <see cref="AddState"/> adds, in a response that is starting.</summary>
    public static void SetState(HttpResponse response, string state)
    {
        if (response.StatusCode != StatusCodes.Status304NotModified)
        {
            response.Headers[SessionHeaders.State] = state;
            response.Headers.CacheControl = "no-store";
        }
    }

    private static Task SetSignal(HttpResponse response, SessionSignal signal, string idHeader)
    {
        if (response.StatusCode != StatusCodes.Status304NotModified)
        {
            response.Headers[SessionHeaders.Signal] = SessionHeaders.ValueOf(signal);
            if (!response.Headers.Vary.ToString().Contains(idHeader, StringComparison.OrdinalIgnoreCase))
            {
                response.Headers.Vary = StringValues.Concat(response.Headers.Vary, idHeader);
            }
        }

        return Task.CompletedTask;
    }

    private sealed record StateOfAnswer(HttpResponse Response, string Value)
    {
        public Task Set()
        {
            SetState(Response, Value);
            return Task.CompletedTask;
        }
    }
}
