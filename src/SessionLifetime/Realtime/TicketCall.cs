using Microsoft.AspNetCore.Http;
using SessionLifetime.Http.Admission;
using SessionLifetime.Http.Answers;
using SessionLifetime.Http.Lifecycle;
using SessionLifetime.Http.Tokens;

namespace SessionLifetime.Realtime;

/// <summary><c>POST {p}/ticket</c>: a one-use ticket for a connection that cannot carry the id. Touches nothing.</summary>
internal sealed class TicketCall(LifecycleCalls calls, OneTimeTokens tokens, BrowserCookie cookie)
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(30);

    public async Task InvokeAsync(HttpContext context)
    {
        if (await calls.FindAsync(context) is not var (entry, sent, _))
        {
            return;
        }

        var browser = entry.Owner is { Browser.IsNone: false } owner ? owner.Browser : cookie.Read(context.Request);
        if (tokens.Issue(TokenPurpose.Ticket, entry, sent, browser, s_lifetime) is { } ticket)
        {
            await SessionAnswers.WriteAsync(context, StatusCodes.Status200OK, new TicketAnswer(ticket), TicketJson.Default.TicketAnswer);
        }
        else
        {
            await SessionAnswers.WriteAsync(context, SessionProblem.NoTicket);
        }
    }
}
