using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Reading;

namespace SessionLifetime.Realtime;

/// <summary>The one-use ticket in the query of a connection on which no header can be set.</summary>
internal static class TicketParameter
{
    private const string Assignment = "session-ticket=";

    /// <summary>
    /// Removes the ticket from the query, so that the app does not see it. Null where there is none; two are an unknown one. Never taken from a
    /// navigation: a link on another site could give the browser a session of that site's choice.
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
