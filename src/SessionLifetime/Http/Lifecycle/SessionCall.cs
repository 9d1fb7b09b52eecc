using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>A call of the protocol that has its living session.</summary>
/// <param name="Entry">The session.</param>
/// <param name="Sent">The id it was named by.</param>
/// <param name="Found">What the look at it gave.</param>
internal readonly record struct SessionCall(SessionEntry Entry, SessionId Sent, DueRulesResult Found);
