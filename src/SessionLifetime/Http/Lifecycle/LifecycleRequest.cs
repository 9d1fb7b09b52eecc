using SessionLifetime.Engine;
using SessionLifetime.Entries;
using SessionLifetime.Ids;

namespace SessionLifetime.Http.Lifecycle;

/// <summary>A lifecycle call whose living session was found.</summary>
/// <param name="Entry">The session.</param>
/// <param name="Sent">The id that the call carries.</param>
/// <param name="Found">The result of applying the rules that were due.</param>
internal readonly record struct LifecycleRequest(SessionEntry Entry, SessionId Sent, DueRulesResult Found)
{
    /// <summary>The id the browser is to use instead of the one it sent; null where there is no newer one.</summary>
    public SessionId? NewerId => Entry.NewerThan(Sent);
}
