using SessionLifetime.Ids;
using SessionLifetime.Time;

namespace SessionLifetime.Directories;

/// <summary>What is remembered of a session that ended, so that a late request learns why.</summary>
internal readonly record struct EndedSession(SessionId Secret, PublicId Id, SessionEndReason Reason, Moment EndedAt);
