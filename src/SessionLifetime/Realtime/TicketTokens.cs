using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Reading;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Realtime;

/// <summary>The ticket in the query of a connection that can carry a URL only.</summary>
internal sealed class TicketTokens : ITokenCarrier
{
    private const string Assignment = "session-ticket=";

    public TokenPurpose Purpose => TokenPurpose.Ticket;

    public bool MayCarry(HttpRequest request) =>
        request.QueryString.Value is { Length: > 1 } query && query.Contains(Assignment, StringComparison.Ordinal);

    public IEnumerable<string> TokensOf(HttpRequest request)
    {
        if (!MayCarry(request) || !RequestClassification.HasNoHeaders(request))
        {
            return [];
        }

        return request.QueryString.Value![1..].Split('&').Where(static pair => pair.StartsWith(Assignment, StringComparison.Ordinal)).Take(1).Select(static pair => pair[Assignment.Length..]);
    }
}
