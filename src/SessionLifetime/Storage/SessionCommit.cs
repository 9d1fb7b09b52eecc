namespace SessionLifetime.Storage;

/// <summary>A decision to be written.</summary>
/// <param name="Next">What the session shall be. Its version is not looked at.</param>
/// <param name="ExpectedVersion">The version it was decided upon; 0 for a new session, which the store must not have yet.</param>
/// <param name="ExpectedStamps">The stamps it was decided upon: where the store has a later one, the session moved on. Null where the decision
/// stands whatever touches came.</param>
internal sealed record SessionCommit(SessionRecord Next, long ExpectedVersion, SessionStamps? ExpectedStamps);
