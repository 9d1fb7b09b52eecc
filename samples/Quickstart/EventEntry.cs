namespace Quickstart;

/// <summary>One line of the event list.</summary>
/// <param name="Event">The name of the event.</param>
/// <param name="Session">The session's public id.</param>
/// <param name="Reason">Why it ended.</param>
/// <param name="Occurrence">Which timeout since the user's last activity.</param>
/// <param name="Handled">Whether the app handled the timeout.</param>
/// <param name="At">Milliseconds since the server started.</param>
/// <param name="IdleMs">Milliseconds since the user's last activity.</param>
public sealed record EventEntry(string Event, string Session, string? Reason, int? Occurrence, bool? Handled, long At, long IdleMs);
