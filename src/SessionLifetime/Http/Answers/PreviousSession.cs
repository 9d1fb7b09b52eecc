namespace SessionLifetime.Http.Answers;

/// <summary>What became of the id a browser attached with, where it did not lead to a living session.</summary>
internal sealed record PreviousSession(string State, string? Reason);
