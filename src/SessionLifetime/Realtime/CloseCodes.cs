using System.Net.WebSockets;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;

namespace SessionLifetime.Realtime;

/// <summary>Why a WebSocket is closed, in the range RFC 6455 (section 7.4.2) leaves to applications.</summary>
internal static class CloseCodes
{
    /// <summary>The session has ended; the description is the reason.</summary>
    public const WebSocketCloseStatus Ended = (WebSocketCloseStatus)4408;

    /// <summary>The server stops and the session goes on: the client shall connect again (RFC 6455, IANA registry: service restart).</summary>
    public const WebSocketCloseStatus ServerStops = (WebSocketCloseStatus)1012;

    /// <summary>The code and the description for a connection that is refused.</summary>
    public static (WebSocketCloseStatus Code, string Description) Of(SessionLookup lookup)
    {
        if (lookup.Status == SessionLookupStatus.Ended)
        {
            return (Ended, lookup.Reason?.ToString() ?? "");
        }

        // The status that a request would be answered with, plus 4000.
        var problem = SessionProblem.Of(lookup);
        return ((WebSocketCloseStatus)(4000 + problem.Status), problem.Code);
    }
}
