using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Realtime;

/// <summary>The ticket in the query of a connection that can carry a URL only.</summary>
internal sealed class TicketTokens : ITokenCarrier
{
    private const string Assignment = "session-ticket=";

    public TokenPurpose Purpose => TokenPurpose.Ticket;

    public bool MayCarry(IHttpRequestFeature request) => request.QueryString.Contains(Assignment, StringComparison.Ordinal);

    public IEnumerable<string> TokensOf(HttpRequest request)
    {
        if (request.QueryString.Value is not { Length: > 1 } query || !RequestClassification.HasNoHeaders(request))
        {
            return [];
        }

        return query[1..].Split('&').Where(static pair => pair.StartsWith(Assignment, StringComparison.Ordinal)).Take(1).Select(static pair => pair[Assignment.Length..]);
    }
}
