using Microsoft.AspNetCore.Http;

namespace SessionLifetime;

/// <summary>Hands out a ticket for one connection that cannot carry the id: <c>POST {p}/ticket</c>. Touches nothing.</summary>
internal sealed class TicketEndpoint(
    SessionEngine engine,
    SessionFinder finder,
    SessionGuard guard,
    OneTimeTokens tokens,
    BrowserCookie cookie)
{
    private static readonly TimeSpan s_lifetime = TimeSpan.FromSeconds(30);

    public async Task TicketAsync(HttpContext context)
    {
        var finding = await finder.FindAsync(context);
        if (finding.Cell is { } found && await engine.LookAndWaitAsync(found) == LookResult.Ended)
        {
            finding = SessionFinding.Ended(found);
        }

        if (finding.Cell is not { } cell)
        {
            guard.CountRefusal(finding);
            if (finding.State is { } state)
            {
                context.Response.Headers[SessionHeaders.State] = state;
            }

            await SessionAnswers.WriteAsync(context, SessionProblem.Of(finding));
            return;
        }

        var browser = cell.Owner is { Browser.IsNone: false } owner ? owner.Browser : cookie.Read(context.Request);
        if (tokens.Issue(OneTimeUse.Ticket, cell, finding.Sent, browser, s_lifetime) is { } ticket)
        {
            await SessionAnswers.WriteAsync(context, StatusCodes.Status200OK, new TicketAnswer(ticket), TicketJson.Default.TicketAnswer);
        }
        else
        {
            await SessionAnswers.WriteAsync(context, SessionProblem.NoTicket);
        }
    }
}
