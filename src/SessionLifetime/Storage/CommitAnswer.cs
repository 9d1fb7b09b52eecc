namespace SessionLifetime.Storage;

/// <summary>What became of a commit.</summary>
/// <param name="IsCommitted">Whether it was written.</param>
/// <param name="Current">The record as it is now, written or not; null when the store has none.</param>
internal sealed record CommitAnswer(bool IsCommitted, SessionRecord? Current);
