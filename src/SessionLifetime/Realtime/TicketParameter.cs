using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Realtime;

/// <summary>The one-use ticket of a connection that can carry a URL only.</summary>
internal static class TicketParameter
{
    private const string Assignment = "session-ticket=";

    /// <summary>
    /// Takes the ticket out of the query: the app need not know of it. Null when there is none; two are none that is known. Only where a page
    /// can set no header, and never for a page itself: a link of another site could lead the browser to that site's session.
    /// </summary>
    public static string? Take(HttpRequest request)
    {
        if (request.QueryString.Value is not { Length: > 1 } query
            || !query.Contains(Assignment, StringComparison.Ordinal)
            || !RequestClassification.HasNoHeaders(request))
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
