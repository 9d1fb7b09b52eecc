namespace SessionLifetime.Storage;

/// <summary>Asks for living sessions that may be due.</summary>
/// <param name="By">Due by this moment.</param>
/// <param name="Most">The most records to read.</param>
/// <param name="After">Only sessions with public ids after this one; null to begin.</param>
internal readonly record struct DueRequest(TimeSpan By, int Most, string? After);
