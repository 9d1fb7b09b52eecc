using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

/// <summary>The one-use ticket of a connection that can carry a URL only.</summary>
internal static class TicketParameter
{
    private const string Assignment = "session-ticket=";

    /// <summary>
    /// Whether it is a connection on which no page can set a header: a WebSocket, an event stream. Never a page that the browser opens:
    /// a link of another site could lead it to that site's session.
    /// </summary>
    public static bool MayCarry(HttpRequest request) =>
        (RequestMark.IsWebSocket(request) || request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        && !PlainNavigation.IsOne(request)
        && !PlainNavigation.IsInFrame(request);

    /// <summary>Takes the ticket out of the query: the app need not know of it. Null when there is none; two are none that is known.</summary>
    public static string? Take(HttpRequest request)
    {
        if (request.QueryString.Value is not { Length: > 1 } query || !query.Contains(Assignment, StringComparison.Ordinal))
        {
            return null;
        }

        string? ticket = null;
        var kept = new List<string>();
        foreach (var pair in query[1..].Split('&'))
        {
            if (pair.StartsWith(Assignment, StringComparison.Ordinal))
            {
                ticket = ticket is null ? pair[Assignment.Length..] : "";
            }
            else
            {
                kept.Add(pair);
            }
        }

        if (ticket is not null)
        {
            request.QueryString = kept.Count == 0 ? QueryString.Empty : new QueryString("?" + string.Join('&', kept));
        }

        return ticket;
    }
}
