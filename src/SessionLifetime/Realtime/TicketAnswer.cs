namespace SessionLifetime.Realtime;

/// <summary>What <c>POST {p}/ticket</c> answers.</summary>
internal sealed record TicketAnswer(string Ticket)
{
    // Records print what they hold.
    public override string ToString() => "[ticket]";
}
